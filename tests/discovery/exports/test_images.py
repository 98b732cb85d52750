"""Subgoal images: the right frames, and datasets that do not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from PIL import Image

from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.discovery.exports.images import write
from keyin_cli.discovery.found import Found, FoundEpisode
from keyin_cli.errors import InputError

NUMBERS = [0, 3, 6, 9, 2, 5, 8, 11, 14]  # two episodes of every third frame of their source


def dataset(path: Path, channels: int = 3, numbers: list[int] | None = NUMBERS, **attributes: Any) -> Episodes:
    """The fourth and the seventh episode of a source; frame i of all is of the colour (i, 2i, 3i)."""
    group = zarr.create_group(path)
    frames = np.arange(9)[:, None, None, None] * np.arange(1, channels + 1) * np.ones((9, 2, 4, channels))
    group.create_array("data/frames", data=frames.astype(np.uint8))
    if numbers:
        group.create_array("data/source_frame", data=np.array(numbers))
    group.create_array("meta/episode_ends", data=np.array([4, 9]))
    group.attrs.put({"episodes": [{"name": "a", "source": 4}, {"name": "b", "source": 7}]} | attributes)
    return open_episodes(path)


def found(**episodes: list[int]) -> Found:
    return Found(episodes=[FoundEpisode(episode=int(name[1:]), keyframes=keyframes) for name, keyframes in episodes.items()])


def written(folder: Path) -> dict[str, list[int]]:
    """The colour of every picture; all are 2x4 px of one colour."""
    colours = {}
    for file in sorted(folder.rglob("*.png")):
        pixels = np.asarray(Image.open(file))
        assert pixels.shape[:2] == (2, 4)
        colours[str(file.relative_to(folder))] = pixels[0, 0].tolist()
    return colours


def test_a_picture_of_every_keyframe(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(found(e7=[5, 13], e4=[9], e99=[]), tmp_path / "out", dataset(tmp_path / "e.zarr"))
    assert written(tmp_path / "out") == {
        "000004/000009.png": [3, 6, 9],
        "000007/000005.png": [5, 10, 15],
        "000007/000013.png": [7, 14, 21],  # frame 13 was not kept: the one before it
    }


def test_grey_frames_in_the_datasets_own_numbers(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(found(e0=[2], e1=[0]), tmp_path / "out", dataset(tmp_path / "e.zarr", 1, None, episodes=None))
    assert written(tmp_path / "out") == {"000000/000002.png": 2, "000001/000000.png": 4}


def test_the_last_frames_that_were_thinned_out(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(found(e7=[16]), tmp_path / "out", dataset(tmp_path / "e.zarr"))
    assert written(tmp_path / "out") == {"000007/000016.png": [8, 16, 24]}


GIVE = "give the dataset that the keyframes were found in with --data"


@pytest.mark.parametrize(
    ("wanted", "changes", "line"),
    [
        (found(e5=[1]), {}, f"e.zarr has no episode 5 of its source: {GIVE}"),
        (found(e7=[1, 5]), {}, f"e.zarr has frames 2 to 14 of episode 7, not 1: {GIVE}"),
        (found(e7=[5, 17]), {}, f"e.zarr has frames 2 to 14 of episode 7, not 17: {GIVE}"),
        (found(e4=[3]), {"numbers": [0, 6, 3, 9, *NUMBERS[4:]]}, "e.zarr: data/source_frame does not increase"),
        (found(e4=[3]), {"episodes": [{}, {}]}, "e.zarr: its attribute episodes is damaged: import it again"),
        (found(e4=[3]), {"episodes": [4, 7]}, "e.zarr: its attribute episodes is damaged: import it again"),
    ],
)
def test_a_dataset_that_does_not_fit(wanted: Found, changes: dict[str, Any], line: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError) as raised:
        write(wanted, tmp_path / "out", dataset(tmp_path / "e.zarr", **changes))
    assert line in str(raised.value)


def test_frames_of_absurd_size(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "e.zarr")
    group.create_array("data/frames", data=np.ones((9, 4, 10_000, 3), np.uint8))
    group.create_array("meta/episode_ends", data=np.array([9]))
    with pytest.raises(InputError, match=r"e.zarr: data.frames has frames of 4x10000 px, at most 8192x8192 are read"):
        write(found(e0=[1]), tmp_path, open_episodes(tmp_path / "e.zarr"))
