from pathlib import Path

import numpy as np
import pytest
import zarr

from keyin_cli.data.loader import batch_indices, load_frames, load_labels, step_rng
from keyin_cli.data.store import open_dataset
from keyin_cli.errors import InputError


def test_every_epoch_visits_every_sequence_once() -> None:
    visits = np.concatenate([batch_indices(3, step, 10, 4) for step in range(5)])
    assert sorted(visits[:10]) == sorted(visits[10:]) == list(range(10))
    assert visits[:10].tolist() != visits[10:].tolist()


def test_order_depends_on_seed_and_step_alone() -> None:
    np.testing.assert_array_equal(batch_indices(3, 7, 100, 8), batch_indices(3, 7, 100, 8))
    assert batch_indices(3, 7, 100, 8).tolist() != batch_indices(4, 7, 100, 8).tolist()
    assert step_rng(3, 7).integers(1 << 60) == step_rng(3, 7).integers(1 << 60) != step_rng(3, 8).integers(1 << 60)


def test_the_last_frame_is_no_label_and_splits_may_be_empty(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.zeros((4, 8, 2, 2, 1), np.uint8))
    group.create_array("keyframes", data=np.ones((4, 8), bool))
    group.create_array("split", data=np.array([0, 0, 1, 0], np.uint8))
    dataset = open_dataset(tmp_path / "own.zarr")
    assert load_labels(dataset, "train", first=3, count=5).tolist() == [[True] * 4 + [False]] * 3
    assert load_frames(dataset, "train", frames=6, limit=2).shape == (2, 6, 2, 2, 1)
    with pytest.raises(InputError, match="no sequences in its test split"):
        load_frames(dataset, "test", frames=6)
