"""Damaged datasets of episodes: one line each, and no checksum that is passed over."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.checking import attributes
from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.datasets.shards import checksum
from keyin_cli.errors import InputError
from keyin_cli.recipe import digest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two episodes of three frames with checksums."""
    group = zarr.create_group(tmp_path / "e.zarr")
    frames = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((6, 2, 2, 3), np.uint8)
    group.create_array("data/frames", data=frames)
    group.create_array("data/pose", data=np.zeros((6, 2), np.float32))
    group.create_array("meta/episode_ends", data=np.array([3, 6]))
    group.create_array("meta/split", data=np.array([0, 2], np.uint8))
    sums = [{"data/frames": checksum(frames[:3])}, {"data/frames": checksum(frames[3:])}]
    records = [{"name": str(i), "source": i, "frames": 3, "sha256": each} for i, each in enumerate(sums)]
    group.attrs.put({"fps": 10, "sha256": digest(sums), "episodes": records})
    return tmp_path / "e.zarr"


def change(path: Path, how: Callable[[dict[str, Any]], Any]) -> None:
    """Change the attributes of a dataset."""
    tree = json.loads((path / "zarr.json").read_text())
    how(tree["attributes"])
    (path / "zarr.json").write_text(json.dumps(tree))


def test_a_whole_one(path: Path) -> None:
    assert list(open_episodes(path).verify()) == [True, True]


@pytest.mark.parametrize(
    "records",
    ["x", 5, {"a": 1, "b": 2}, [None, None], ["a", "b"], [{"name": "a", "source": 0}], [{"name": "a", "source": 1e999}] * 2],
)
def test_records_that_are_none(records: Any, path: Path) -> None:
    change(path, lambda tree: tree.update(episodes=records))
    with pytest.raises(InputError, match=r"e.zarr: its attribute episodes is damaged: import it again"):
        open_episodes(path)


@pytest.mark.parametrize("fps", ["10", None, True, float("nan"), 0, 10**100])
def test_rates_that_are_none(fps: Any, path: Path) -> None:
    change(path, lambda tree: tree.update(fps=fps))
    with pytest.raises(InputError, match=r"its attribute fps is .{1,40}, expected frames a second"):
        open_episodes(path)


@pytest.mark.parametrize(
    "how",
    [
        lambda tree: tree["episodes"][0].pop("sha256"),
        lambda tree: tree["episodes"][0].update(sha256="x"),
        lambda tree: tree["episodes"][0].update(sha256={}),
        lambda tree: tree["episodes"][0]["sha256"].update({"data/none": "x"}),
        lambda tree: tree.update(sha256="x"),
    ],
)
def test_checksums_that_are_none(how: Callable[[dict[str, Any]], Any], path: Path) -> None:
    change(path, how)
    assert not all(open_episodes(path).verify())


@pytest.mark.parametrize("text", ["", "[]", "5", '{"zarr_format": 3, "node_type": "group", "attributes": [1]}'])
@pytest.mark.parametrize("file", ["zarr.json", "data/zarr.json", "data/pose/zarr.json", "meta/split/zarr.json"])
def test_damaged_metadata(file: str, text: str, path: Path) -> None:
    (path / file).write_text(text)
    assert isinstance(attributes(path), dict)
    with pytest.raises(InputError, match=rf"e.zarr/{file} (is no|has attributes)|e.zarr: {file[:-10]} is no array"):
        open_episodes(path)


def test_arrays_that_are_none(path: Path) -> None:
    group = zarr.open_group(path, mode="r+")
    group.create_array("meta/split", data=np.array([0, 3], np.uint8), overwrite=True)
    with pytest.raises(InputError, match=r"meta/split has 3, expected 0 train, 1 val or 2 test"):
        _ = open_episodes(path).splits
    group.create_array("data/frames", data=np.zeros((6, 0, 2, 3), np.uint8), overwrite=True)
    with pytest.raises(InputError, match=r"data/frames is \(6, 0, 2, 3\) uint8"):
        open_episodes(path)


def test_a_chunk_that_is_gone_is_missed(path: Path) -> None:
    (path / "data/frames/c/0/0/0/0").unlink()
    with pytest.raises(
        InputError, match=r"data/frames of .*e.zarr has 0 of 1 files of chunks, what is missing would be read as 0"
    ):
        open_episodes(path)


@pytest.mark.parametrize("version", [1, 2])
def test_all_chunks_of_an_import_are_there(version: int, path: Path) -> None:
    """Since version 2. Before, Zarr left out those of zeros, so that a lost one cannot be told."""
    change(path, lambda tree: tree.update(generator="keyin import", version=version))
    assert not (path / "data/pose/c").exists()  # of zeros
    if version == 1:
        assert open_episodes(path).episode(1, "data/pose").tolist() == [[0, 0]] * 3
        return
    with pytest.raises(InputError, match=r"data/pose of .*e.zarr has 0 of 1 files of chunks"):
        open_episodes(path)


@pytest.mark.parametrize(("name", "shape"), [("pose", (5, 2)), ("more", (6, 9000)), ("more", (6, 0))])
def test_signals_have_to_fit(name: str, shape: tuple[int, int], path: Path) -> None:
    zarr.open_group(path, mode="r+").create_array(f"data/{name}", data=np.ones(shape, np.float32), overwrite=True)
    with pytest.raises(InputError, match=rf"the signal {name} is .*, which does not fit 6 frames"):
        open_episodes(path)


def test_what_should_be_an_array_and_is_none(path: Path) -> None:
    (path / "meta/split/zarr.json").unlink()
    with pytest.raises(InputError, match=r"meta/split is no array: copy or import it again"):
        open_episodes(path)
    change(path, lambda tree: tree.update(sha256=5))
