"""Recipes that are made for episodes."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.datasets.episodes.sizing import LEAST, VISITS, most_steps, tree
from keyin_cli.errors import InputError
from keyin_cli.recipe import check


def episodes(tmp_path: Path, lengths: list[int]) -> Episodes:
    group, total = zarr.create_group(tmp_path / "e.zarr"), sum(lengths)
    group.create_array("data/frames", data=np.ones((total, 4, 6, 1), np.uint8))
    group.create_array("data/state", data=np.zeros((total, 3), np.float32))
    group.create_array("meta/episode_ends", data=np.cumsum(lengths))
    return open_episodes(tmp_path / "e.zarr")


@pytest.mark.parametrize("lengths", [[8], [9, 200], [30] * 20, [60] * 5 + [500] * 20, [10_000]], ids=str)
@pytest.mark.parametrize(("signals", "images"), [((), True), (("state",), True), (("state",), False)], ids=str)
def test_a_recipe_for_any_episodes(lengths: list[int], signals: tuple[str, ...], images: bool, tmp_path: Path) -> None:
    made = check(tree(episodes(tmp_path, lengths), "mine", signals, images))
    assert made.window.frames == made.data.frames <= max(lengths)
    assert sum(length >= made.window.frames for length in lengths) >= 0.9 * len(lengths) or made.window.frames == 8
    assert made.pretrain.lengths[1] == made.window.max_offset < made.window.frames
    assert made.data.frame == ((4, 6, 1) if images else (0, 0, 0)) + (3 if signals else 0,)


@pytest.mark.parametrize(("name", "made"), [("a b/ü.mp4", "a-b--.mp4"), ("..", "episodes"), ("_x", "x")])
def test_any_folder_has_a_name(name: str, made: str, tmp_path: Path) -> None:
    assert check(tree(episodes(tmp_path, [20]), name, (), True)).name == made


def test_few_frames_are_not_learned_by_heart() -> None:
    assert most_steps(1_000_000, 25) * 64 * 13 == pytest.approx(VISITS * 1_000_000, rel=0.01)
    assert most_steps(600, 25) == most_steps(10, 5) == LEAST


def test_what_cannot_be_sized(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no signal action, it has state \(3\): import it again with --signals"):
        tree(episodes(tmp_path, [20]), "mine", ("action",), True)
    (tmp_path / "short").mkdir()
    with pytest.raises(InputError, match="has episodes of at most 5 frames, 8 are needed: import more frames"):
        tree(episodes(tmp_path / "short", [5, 4]), "mine", (), True)
