"""Windows inside episodes: which there are, what they hold, in which split."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.datasets.episodes.windows import starts, windows
from keyin_cli.datasets.loader import load_frames, load_labels
from keyin_cli.errors import InputError

LENGTHS = (9, 4, 25, 3)


@pytest.fixture
def episodes(tmp_path: Path) -> Episodes:
    """Frame i of all has the value i; every fifth is a label."""
    total = sum(LENGTHS)
    group = zarr.create_group(tmp_path / "e.zarr")
    values = np.arange(total, dtype=np.uint8)
    frames = np.broadcast_to(values[:, None, None, None], (total, 2, 3, 1)).copy()
    group.create_array("data/frames", data=frames, chunks=(7, 2, 3, 1))
    group.create_array("data/keyframes", data=values % 5 == 0)
    group.create_array("meta/episode_ends", data=np.cumsum(LENGTHS))
    group.create_array("meta/split", data=np.array([0, 0, 1, 2], np.uint8))
    return open_episodes(tmp_path / "e.zarr")


@pytest.mark.parametrize(
    ("length", "expected"), [(3, []), (4, [0]), (5, [0, 1]), (6, [0, 2]), (7, [0, 2, 3]), (9, [0, 2, 4, 5]), (10, [0, 2, 4, 6])]
)
def test_the_last_window_ends_with_the_episode(length: int, expected: list[int]) -> None:
    assert starts(length, 4, 2).tolist() == expected


def test_windows_hold_the_frames_of_one_episode(episodes: Episodes) -> None:
    found = windows(episodes, 4, 3)
    frames = found.read("frames", np.arange(found.n))[:, :, 0, 0, 0]
    assert frames.shape == (found.n, 4)
    np.testing.assert_array_equal(frames, found.starts[:, None] + np.arange(4))
    np.testing.assert_array_equal(found.read("keyframes", np.arange(found.n)), frames % 5 == 0)
    for row, owner in zip(frames, found.owners, strict=True):
        assert episodes.begins[owner] <= row[0] <= row[-1] < episodes.ends[owner]
    assert set(frames.ravel()) == set(range(sum(LENGTHS) - 3))  # all but the episode that is too short


def test_rows_in_any_order_and_cut(episodes: Episodes) -> None:
    found = windows(episodes, 4, 3)
    wanted = np.array([5, 0, 5, 2])
    np.testing.assert_array_equal(found.read("frames", wanted, 2)[:, :, 0, 0, 0], found.starts[wanted][:, None] + np.arange(2))
    assert found.read("frames", np.zeros(0, np.int64)).shape == (0, 4, 2, 3, 1)
    with pytest.raises(IndexError):
        found.read("frames", np.array([found.n]))


def test_splits_are_those_of_the_episodes(episodes: Episodes) -> None:
    found = windows(episodes, 4, 3)
    assert {split: set(found.owners[found.indices(split)]) for split in ("train", "val")} == {"train": {0, 1}, "val": {2}}
    assert len(found.indices("all")) == found.n
    assert len(found.indices("test")) == 0
    assert load_frames(found, "val", 4).shape == (len(found.indices("val")), 4, 2, 3, 1)
    assert not load_labels(found, "val", 1, 3)[:, -1].any()


def test_windows_that_are_scored_have_no_frame_in_common(episodes: Episodes) -> None:
    splits = zarr.open_group(episodes.path, mode="r+")["meta/split"]
    assert isinstance(splits, zarr.Array)
    splits[:] = [2, 2, 2, 0]
    found = windows(open_episodes(episodes.path), 4, 3)
    assert found.starts[found.indices("test")].tolist() == [0, 5, 9, 13, 19, 25, 31]  # of 9, 4 and 25 frames
    assert len(found.indices("train")) == 0
    assert len(found.indices("all")) == found.n


def test_other_windows_are_another_dataset(episodes: Episodes) -> None:
    assert len({windows(episodes, *shape).sha256 for shape in ((4, 3), (4, 2), (5, 3))}) == 3


def test_episodes_that_are_all_too_short(episodes: Episodes) -> None:
    with pytest.raises(InputError, match=r"e.zarr has episodes of at most 25 frames, a window has 26: take a shorter one"):
        windows(episodes, 26, 1)


@pytest.mark.parametrize(
    ("name", "values", "line"),
    [
        ("meta/episode_ends", [9, 9, 41], "meta/episode_ends do not increase from episode to episode"),
        ("meta/episode_ends", [9, 40], "the episodes end at frame 40, data/frames has 41"),
        ("meta/split", [0, 1], "meta/split is .* which does not fit the frames"),
        ("data/keyframes", [1, 2], "data/keyframes is .* which does not fit the frames"),
    ],
)
def test_a_layout_that_does_not_fit(name: str, values: list[int], line: str, episodes: Episodes) -> None:
    zarr.open_group(episodes.path, mode="r+").create_array(name, data=np.array(values), overwrite=True)
    with pytest.raises(InputError, match=line):
        open_episodes(episodes.path)
