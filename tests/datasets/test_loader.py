from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import zarr

from keyin_cli import machine, storage
from keyin_cli.datasets import store
from keyin_cli.datasets.loader import batch_indices, load_frames, load_labels, load_splits, step_rng
from keyin_cli.datasets.store import Dataset, open_dataset
from keyin_cli.errors import InputError, RunError


def test_every_epoch_visits_every_sequence_once() -> None:
    visits = np.concatenate([batch_indices(3, step, 10, 4) for step in range(5)])
    assert sorted(visits[:10]) == sorted(visits[10:]) == list(range(10))
    assert visits[:10].tolist() != visits[10:].tolist()


def test_order_depends_on_seed_and_step_alone() -> None:
    np.testing.assert_array_equal(batch_indices(3, 7, 100, 8), batch_indices(3, 7, 100, 8))
    assert batch_indices(3, 7, 100, 8).tolist() != batch_indices(4, 7, 100, 8).tolist()
    assert step_rng(3, 7).integers(1 << 60) == step_rng(3, 7).integers(1 << 60) != step_rng(3, 8).integers(1 << 60)


def test_sequences_of_two_splits_are_read_once_where_they_are_the_same(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.arange(4 * 8 * 4, dtype=np.uint8).reshape(4, 8, 2, 2, 1))
    both = load_splits(open_dataset(tmp_path / "own.zarr"), 8, shared=False)
    assert both["train"] is both["val"]
    group.create_array("split", data=np.array([0, 0, 1, 0], np.uint8))
    apart = load_splits(open_dataset(tmp_path / "own.zarr"), 8, shared=False)
    assert [len(apart[split]) for split in ("train", "val")] == [3, 1]


def test_the_last_frame_is_no_label_and_splits_may_be_empty(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.ones((4, 8, 2, 2, 1), np.uint8))
    group.create_array("keyframes", data=np.ones((4, 8), bool))
    group.create_array("split", data=np.array([0, 0, 1, 0], np.uint8))
    dataset = open_dataset(tmp_path / "own.zarr")
    assert load_labels(dataset, "train", first=3, count=5).tolist() == [[True] * 4 + [False]] * 3
    assert load_frames(dataset, "train", frames=6, limit=2).shape == (2, 6, 2, 2, 1)
    with pytest.raises(InputError, match="no sequences in its test split"):
        load_frames(dataset, "test", frames=6)


@pytest.fixture
def coloured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Random colour sequences in chunks that are no divisor of what is decoded at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "PIECE", 10)
    frames = np.random.default_rng(0).integers(0, 256, (53, 8, 4, 6, 3), dtype=np.uint8)
    group = zarr.create_group("own.zarr")
    group.create_array("frames", data=frames, chunks=(7, 8, 4, 6, 3))
    group.create_array("split", data=np.random.default_rng(1).integers(0, 2, 53, dtype=np.uint8))
    return open_dataset(Path("own.zarr"))


def cached() -> list[Path]:
    """What is in the cache besides lock files, which stay."""
    return [path for path in storage.cache().iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize(("length", "limit"), [(8, None), (5, None), (5, 3)])
def test_a_split_is_the_same_in_memory_and_mapped(
    length: int, limit: int | None, coloured: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = np.asarray(coloured.group.array("frames"))[coloured.indices("train")][:limit, :length]
    inside = load_frames(coloured, "train", length, limit)
    monkeypatch.setattr(machine, "free_memory", lambda: 4 * expected.nbytes - 1)
    mapped = load_frames(coloured, "train", length, limit)
    np.testing.assert_array_equal(inside, expected)
    np.testing.assert_array_equal(mapped, expected)
    assert not inside.base
    assert isinstance(mapped.base, np.memmap)
    assert torch.from_numpy(mapped[:2]).shape == (min(2, limit or 2), length, 4, 6, 3)


def test_what_is_mapped_is_decoded_once_and_again_for_other_frames(coloured: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    load_frames(coloured, "train", 8, shared=True)
    with monkeypatch.context() as patch:
        patch.setattr(Dataset, "pieces", None)
        load_frames(coloured, "train", 8, shared=True)
    zarr.open_group(coloured.path)["frames"][int(coloured.indices("train")[0]), 0] = 0
    changed = load_frames(open_dataset(coloured.path), "train", 8, shared=True)
    assert changed[0, 0].max() == 0
    assert len(cached()) == 2


def test_who_has_waited_finds_what_is_mapped(coloured: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = storage.locked

    @contextmanager
    def another_first(path: Path) -> Iterator[None]:
        monkeypatch.setattr(storage, "locked", locked)
        load_frames(coloured, "train", 8, shared=True)
        monkeypatch.setattr(Dataset, "pieces", None)
        with locked(path):
            yield

    monkeypatch.setattr(storage, "locked", another_first)
    frames = load_frames(coloured, "train", 8, shared=True)
    np.testing.assert_array_equal(frames, coloured.read("frames", coloured.indices("train")))
    assert len(cached()) == 1


def test_no_room_on_the_disk_is_said_before_anything_is_written(coloured: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(RunError, match=r"needs 0\.0 GB for the decoded frames of own\.zarr"):
        load_frames(coloured, "train", 8, shared=True)
    assert cached() == []


def test_reading_a_split_takes_little_more_memory_than_the_split(coloured: Dataset) -> None:
    """Pieces are views or copies of at most two chunks; the whole dataset would be 53 sequences."""
    sizes = [len(piece) for piece in coloured.pieces("frames", coloured.indices("all"), 5)]
    assert sum(sizes) == 53
    assert max(sizes) == 7
