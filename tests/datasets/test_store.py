import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from keyin_cli.datasets import store
from keyin_cli.datasets.brownian import BrownianData
from keyin_cli.datasets.generate import generate
from keyin_cli.datasets.own import ZarrData
from keyin_cli.errors import InputError

DATA = BrownianData(n=1100, frames=6, size=32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "small.zarr"
    generate(DATA, path, workers=1)
    return path


def copy(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target))


def test_layout(made: Path) -> None:
    group = zarr.open_group(made, mode="r")
    assert group.metadata.zarr_format == 3
    shapes = {name: (array.shape, str(array.dtype)) for name, array in group.arrays()}
    assert shapes == {
        "frames": ((1100, 6, 32, 32, 1), "uint8"),
        "keyframes": ((1100, 6), "bool"),
        "split": ((1100,), "uint8"),
        "states": ((1100, 6, 2), "float32"),
    }
    assert {"recipe", "seed", "version", "shards", "sha256", "manifest"} <= set(group.attrs.asdict())


def test_splits_part_the_sequences(made: Path) -> None:
    dataset = store.open_dataset(made)
    parts = [dataset.indices(split) for split in store.SPLITS]
    assert sorted(np.concatenate(parts)) == list(range(1100))
    assert len(dataset.indices("all")) == 1100


def test_reading_rows_equals_indexing(made: Path) -> None:
    dataset = store.open_dataset(made)
    indices = np.array([0, 49, 50, 999, 1000, 1099])
    whole = zarr.open_group(made, mode="r")["frames"][:]
    np.testing.assert_array_equal(dataset.read("frames", indices), whole[indices])


def test_verify_finds_a_changed_value(made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "changed.zarr")
    assert list(store.open_dataset(path).verify()) == [True, True]
    array = zarr.open_group(path, mode="r+")["states"]
    array[1050, 0, 0] += 1
    assert list(store.Dataset(path, zarr.open_group(path, mode="r"), 1100, 6, (32, 32, 1)).verify()) == [True, False]


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


@pytest.mark.parametrize("damage", [truncate, Path.unlink], ids=["truncated", "missing"])
def test_a_damaged_shard_is_named_and_rebuilt(made: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = copy(made, tmp_path / "damaged.zarr")
    before = store.open_dataset(path).sha256
    damage(store.shard_file(path, "frames", 1, 5))
    with pytest.raises(InputError, match=r"frames/c/1/0/0/0/0 is truncated or missing: give `keyin gen-data`"):
        store.open_dataset(path)
    generate(DATA, path, workers=1)
    assert store.open_dataset(path).sha256 == before
    assert list(store.open_dataset(path).verify()) == [True, True]


def test_a_garbled_shard_is_named_found_and_rebuilt(made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "garbled.zarr")
    file = store.shard_file(path, "frames", 0, 5)
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(InputError, match="frames of sequences 0 to 999 cannot be decoded"):
        store.open_dataset(path).read("frames", np.arange(5))
    assert list(store.open_dataset(path).verify()) == [False, True]
    generate(DATA, path, workers=1)
    assert list(store.open_dataset(path).verify()) == [True, True]


def test_a_lost_array_is_named(made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "lost.zarr")
    (path / "split" / "zarr.json").unlink()
    with pytest.raises(InputError, match="has lost its split"):
        store.open_dataset(path)


def test_a_dataset_of_your_own(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.zeros((7, 12, 8, 10, 3), np.uint8))
    data = ZarrData(kind="zarr", path=str(tmp_path / "own.zarr"), frames=12, height=8, width=10, channels=3)
    dataset = store.open_for(data)
    assert not dataset.labelled
    assert [len(dataset.indices(split)) for split in store.SPLITS] == [7, 7, 7]
    before = dataset.sha256
    assert store.open_for(data).sha256 == before
    group["frames"][3, 0, 0, 0, 0] = 1
    assert store.open_for(data).sha256 != before


def test_labels_of_another_shape_are_refused(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.zeros((7, 12, 8, 10, 3), np.uint8))
    group.create_array("keyframes", data=np.zeros((7, 11), bool))
    with pytest.raises(InputError, match=r"keyframes are \(7, 11\), expected \(7, 12\)"):
        store.open_dataset(tmp_path / "own.zarr")


def test_no_group_and_no_frames(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "empty.zarr")
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "empty.zarr", tmp_path / "file", tmp_path):
        with pytest.raises(InputError, match="is not a dataset"):
            store.open_dataset(path)
