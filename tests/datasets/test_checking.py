"""Datasets that are damaged or none: what can be told without decoding them, and what decoding tells."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from keyin_cli.datasets import store
from keyin_cli.datasets.brownian import BrownianData
from keyin_cli.datasets.generate import generate
from keyin_cli.datasets.kind import kind_of_dataset
from keyin_cli.errors import InputError

DATA = BrownianData(n=1100, frames=6, size=32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "small.zarr"
    generate(DATA, path, workers=1)
    return path


def copy(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.float32, "U2"])
def test_labels_of_another_type_are_refused(dtype: Any, tmp_path: Path) -> None:
    """A label is true or not: -1, 255 and NaN once were scored as so many keyframes."""
    group = zarr.create_group(tmp_path / "own.zarr", zarr_format=2)
    group.create_array("frames", data=np.ones((7, 12, 8, 10, 3), np.uint8))
    group.create_array("keyframes", data=np.ones((7, 12), dtype))
    with pytest.raises(InputError, match=r"keyframes are \(7, 12\) .*, expected \(7, 12\) bool: convert or remove it"):
        store.open_dataset(tmp_path / "own.zarr")


@pytest.mark.parametrize("split", [np.full(7, 3, np.uint8), np.zeros(7, np.int64), np.zeros(7)])
def test_splits_that_are_none_are_refused(split: Any, tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr")
    group.create_array("frames", data=np.ones((7, 12, 8, 10, 3), np.uint8))
    group.create_array("split", data=split)
    with pytest.raises(InputError, match=r"split (has 3, expected 0 train|are .*, expected \(7,\) uint8)"):
        store.open_dataset(tmp_path / "own.zarr").indices("train")


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ([10**15, 6, 4, 4, 1], "at most 10000000 sequences"),
        ([10**6, 6, 4, 4, 1], "2 of 100000 files"),
        ([20, 6, 9000, 4, 1], "at most"),
    ],
)
def test_a_shape_that_nothing_backs_is_refused(shape: list[int], line: str, tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "own.zarr").create_array(
        "frames", data=np.ones((20, 6, 4, 4, 1), np.uint8), chunks=(10, 6, 4, 4, 1)
    )
    file = tmp_path / "own.zarr/frames/zarr.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"shape": shape}))
    with pytest.raises(InputError, match=line):
        store.open_dataset(tmp_path / "own.zarr")


def test_a_chunk_that_is_gone_is_missed_in_anyone_s_dataset(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "own.zarr").create_array(
        "frames", data=np.ones((20, 6, 4, 4, 1), np.uint8), chunks=(10, 6, 4, 4, 1)
    )
    (tmp_path / "own.zarr/frames/c/1/0/0/0/0").unlink()
    with pytest.raises(InputError, match=r"frames of .*own.zarr has 1 of 2 files of chunks, what is missing would be read as 0"):
        store.open_dataset(tmp_path / "own.zarr")


def test_every_flipped_bit_of_a_shard_is_noticed_by_who_reads_it(tmp_path: Path) -> None:
    """Not by `info --verify` alone. The values that are read are those that were written, or none."""
    path = tmp_path / "flipped.zarr"
    generate(BrownianData(n=60, frames=6, size=32), path, workers=1)
    file = store.shard_file(path, "frames", 0, 5)
    whole, random = file.read_bytes(), np.random.default_rng(0)
    expected = store.open_dataset(path).read("frames", np.arange(60))
    for place in random.integers(0, len(whole), 120).tolist():
        data = bytearray(whole)
        data[place] ^= 1 << int(random.integers(8))
        file.write_bytes(data)
        with suppress(InputError):
            np.testing.assert_array_equal(store.open_dataset(path).read("frames", np.arange(60)), expected)


@pytest.mark.parametrize(
    "edit",
    [
        {"sha256": "0" * 64},
        {"shards": []},
        {"shards": {}},
        {"shards": [{"sha256": {"../../x": ""}, "bytes": {"../../x": 0}}] * 2},
        {"shards": [None, None]},
        {"recipe": None},
    ],
)
def test_attributes_that_do_not_fit_are_refused(edit: dict[str, Any], made: Path, tmp_path: Path) -> None:
    path = copy(made, tmp_path / "edited.zarr")
    told = json.loads((path / "zarr.json").read_text())
    told["attributes"] |= edit
    (path / "zarr.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match=r"edited.zarr: its (list of shards is|attributes are) damaged: make it again"):
        store.open_dataset(path)


def test_what_is_stored_in_another_way_is_not_continued(made: Path, tmp_path: Path) -> None:
    """Generation writes into no dataset of a stranger: not through a link, not with a codec that is not ours."""
    path = copy(made, tmp_path / "linked.zarr")
    shutil.move(path / "frames/c", tmp_path / "away")
    (path / "frames/c").symlink_to(tmp_path / "away")
    (path / "states/c/0/0/0").unlink()
    with pytest.raises(InputError, match="is a link or no file, which is not followed"):
        generate(DATA, path, workers=1)
    path = copy(made, tmp_path / "lost.zarr")
    (path / "split/zarr.json").unlink()
    with pytest.raises(InputError, match=r"lost.zarr has lost its split: make it again with `keyin gen-data --overwrite`"):
        generate(DATA, path, workers=1)


@pytest.mark.parametrize("recipe", ["x", ["kind"], {"kind": ["brownian"]}, {"kind": "none"}, 5])
def test_a_recipe_that_is_none_is_of_no_kind(recipe: Any, tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "own.zarr", attributes={"recipe": recipe})
    group.create_array("frames", data=np.ones((2, 6, 4, 4, 1), np.uint8))
    assert kind_of_dataset(store.open_dataset(tmp_path / "own.zarr")) is None
