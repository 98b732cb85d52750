import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.datasets import checking, store
from keyin_cli.datasets.brownian import BrownianData
from keyin_cli.datasets.generate import generate
from keyin_cli.datasets.groups.group import Group
from keyin_cli.datasets.opening import open_for
from keyin_cli.datasets.own import ZarrData
from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.errors import InputError, RunError

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


@pytest.fixture(scope="module")
def chunked(tmp_path_factory: pytest.TempPathFactory) -> tuple[store.Dataset, NDArray[np.uint8]]:
    """Random frames in chunks of 7 sequences, whose number 53 is no multiple of it, and the same frames in memory."""
    frames = np.random.default_rng(0).integers(0, 256, (53, 4, 2, 2, 1), dtype=np.uint8)
    path = tmp_path_factory.mktemp("data") / "chunked.zarr"
    zarr.create_group(path).create_array("frames", data=frames, chunks=(7, 4, 2, 2, 1))
    return store.open_dataset(path), frames


@settings(deadline=None)  # under load
@given(indices=st.lists(st.integers(0, 52), max_size=120), length=st.sampled_from([None, 1, 3, 4]), ordered=st.booleans())
def test_rows_come_in_the_order_asked_for_and_no_chunk_is_decoded_twice(
    chunked: tuple[store.Dataset, NDArray[np.uint8]], indices: list[int], length: int | None, ordered: bool
) -> None:
    dataset, frames = chunked
    wanted = np.array(sorted(indices) if ordered else indices, dtype=np.int64)
    expected = frames[wanted, :length]
    decoded: list[int] = []
    real = zarr.Array.__getitem__

    def get(array: zarr.Array[Any], selection: Any) -> Any:
        first = selection[0] if isinstance(selection, tuple) else selection
        decoded.extend(range(first.start // 7, -(-min(first.stop, 53) // 7)))
        return real(array, selection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PIECE", 10)  # one chunk
        patch.setattr(zarr.Array, "__getitem__", get)
        rows = dataset.read("frames", wanted, length)
        assert sorted(decoded) == sorted({index // 7 for index in indices})
        decoded.clear()
        pieces = list(dataset.pieces("frames", wanted, length))
        assert sorted(decoded) == sorted({index // 7 for index in indices})
    np.testing.assert_array_equal(rows, expected)
    assert rows.dtype == np.uint8
    np.testing.assert_array_equal(np.concatenate([expected[:0], *pieces]), expected)


@pytest.mark.parametrize("index", [-1, -53, 53, 10**12])
def test_there_are_no_other_rows(index: int, chunked: tuple[store.Dataset, NDArray[np.uint8]]) -> None:
    for indices in ([index], [0, index], [index, 0]):
        for read in (chunked[0].read, chunked[0].pieces):
            with pytest.raises(IndexError, match="which has 0 to 52"):
                read("frames", np.array(indices))


def test_small_unsigned_indices_and_no_indices(chunked: tuple[store.Dataset, NDArray[np.uint8]]) -> None:
    dataset, frames = chunked
    np.testing.assert_array_equal(dataset.read("frames", np.array([9, 3, 9], np.uint8)), frames[[9, 3, 9]])
    assert dataset.read("frames", np.array([], np.int64), 3).shape == (0, 3, 2, 2, 1)
    assert list(dataset.pieces("frames", np.array([], np.int64))) == []


def test_a_dataset_is_finished_wholly_or_not_at_all(made: Path, tmp_path: Path) -> None:
    """A kill before any step of `finish` leaves it unfinished, and the next call finishes; then nothing is left of the first."""
    whole = store.open_dataset(made).attributes
    shards, unfinished = whole["shards"], {name: whole[name] for name in ("generator", "version", "seed", "recipe")}
    steps = ("rename", "replace", "fsync", "unlink", "rmdir")
    finished = []
    for number in range(10):  # of zarr.json fsync, rename, fsync; of the markers rename, two files, the directory; of zarr.json
        path = copy(made, tmp_path / f"{number}.zarr")
        zarr.open_group(path, mode="r+").attrs.put(unfinished)
        for index, shard in enumerate(shards):
            storage.write_json(store.marker(path, index), shard)
        left = [number]

        def step(real: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
            def counted(*args: Any, **keywords: Any) -> Any:
                left[0] -= 1
                if left[0] == -1:
                    raise KeyboardInterrupt
                return real(*args, **keywords)

            return counted

        with pytest.MonkeyPatch.context() as patch:
            for name in steps:
                patch.setattr(os, name, step(getattr(os, name), left))
            with pytest.raises(KeyboardInterrupt):
                store.finish(path, shards, {"manifest": {}})
        attributes = checking.attributes(path)
        finished.append("sha256" in attributes)
        listed = unfinished | {"manifest": {}, "shards": shards}
        assert attributes in ([listed | {"sha256": whole["sha256"]}] if finished[-1] else [unfinished, listed])
        assert checking.is_finished(path) == finished[-1]
        generate(DATA, path, workers=1)
        assert store.open_dataset(path).sha256 == whole["sha256"]
        more = {file.name for file in path.iterdir()} - {file.name for file in made.iterdir()}
        assert all(name.endswith(".partial") for name in more)  # this process has not ended: they are not given up
    assert finished == sorted(finished)
    assert len(set(finished)) == 2


def test_a_dataset_without_its_checksum_is_unfinished(made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "half.zarr")
    group = zarr.open_group(path, mode="r+")
    before = group.attrs["sha256"]
    del group.attrs["sha256"]
    with pytest.raises(InputError, match="is unfinished"):
        store.open_dataset(path)
    generate(DATA, path, workers=1)
    assert store.open_dataset(path).sha256 == before


def test_what_to_do_without_a_dataset(tmp_path: Path) -> None:
    none = str(tmp_path / "none.zarr")
    own = ZarrData(kind="zarr", path=none, frames=12, height=8, width=10, channels=3)
    for data, advice in (
        (BrownianData(path=none), f"make one with `keyin gen-data brownian --out {none}`"),
        (PushingData(path=none), f"make one with `keyin gen-data pushing --out {none}`"),
        (own, "the recipe describes sequences of your own, give the path of a Zarr group with frames (n,T,H,W,C) uint8"),
    ):
        with pytest.raises(InputError) as caught:
            open_for(data)
        assert str(caught.value) == f"no dataset at {none}: {advice}"
    with pytest.raises(InputError, match=r"none\.zarr: make one with `keyin gen-data`$"):
        store.open_dataset(Path(none))


def test_verify_finds_a_changed_value(made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "changed.zarr")
    assert list(store.open_dataset(path).verify()) == [True, True]
    array = zarr.open_group(path, mode="r+")["states"]
    array[1050, 0, 0] += 1
    assert list(store.Dataset(path, Group(path), 1100, 6, (32, 32, 1)).verify()) == [True, False]


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


def test_a_disk_that_is_full_while_zarr_writes_is_one_line(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copy(made, tmp_path / "full.zarr")
    rows = store.open_dataset(path).read("split", np.arange(5))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zarr.Array, "__setitem__", full)
    with pytest.raises(RunError, match=r"the disk is full while writing .*full\.zarr; nothing finished is lost: free space"):
        store.write_shard(path, 0, {"split": rows})


def test_a_lost_array_is_named(made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "lost.zarr")
    (path / "split" / "zarr.json").unlink()
    with pytest.raises(InputError, match="has lost its split"):
        store.open_dataset(path)


def test_a_dataset_of_your_own(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.ones((7, 12, 8, 10, 3), np.uint8))
    data = ZarrData(kind="zarr", path=str(tmp_path / "own.zarr"), frames=12, height=8, width=10, channels=3)
    dataset = open_for(data)
    assert not dataset.labelled
    assert [len(dataset.indices(split)) for split in store.SPLITS] == [7, 7, 7]
    before = dataset.sha256
    assert open_for(data).sha256 == before
    group["frames"][3, 0, 0, 0, 0] = 2
    assert open_for(data).sha256 != before


def test_labels_of_another_shape_are_refused(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.ones((7, 12, 8, 10, 3), np.uint8))
    group.create_array("keyframes", data=np.zeros((7, 11), bool))
    with pytest.raises(InputError, match=r"keyframes are \(7, 11\) bool, expected \(7, 12\)"):
        store.open_dataset(tmp_path / "own.zarr")


def test_no_group_and_no_frames(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "empty.zarr")
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "empty.zarr", tmp_path / "file", tmp_path):
        with pytest.raises(InputError, match="is not a dataset"):
            store.open_dataset(path)


def test_what_zarr_left_half_written_of_a_shard_goes_with_it(made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "data.zarr")
    file = next(each for each in (path / "frames" / "c" / "0").rglob("0") if each.is_file())
    half, other = (file.with_name(f"{name}.{'0' * 32}.partial") for name in ("0", "1"))
    for each in (half, other):
        each.write_bytes(b"half")
    file.unlink()
    generate(DATA, path, workers=1)
    assert not half.exists()
    assert other.exists()  # of a shard that another worker may be writing
