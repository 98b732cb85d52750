"""Pictures of planning come from what was written, so that they can be drawn at any time."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from keyin_cli.datasets.pushing import gl, segment
from keyin_cli.errors import InputError
from keyin_cli.planning import pictures
from keyin_cli.planning.paired import success_curve

RADIUS = 0.1 * 256 / 2.1  # of a puck, px
PATH = np.linspace([-0.5, -0.5], [0.5, 0.5], 5)
LINE = {
    "task": 7,
    "error": 0.0,
    "success": True,
    "wall": [0.0, 0.0],
    "goal": [0.5, 0.5],
    "subgoals": [[-0.25, -0.25], [0.1, 0.1], [0.5, 0.5]],
    "path": PATH.tolist(),
    "finger": [[0.0, 0.0, 0.25]] * 5,
    "current": [0, 0, 1, 2],
}


def test_when_each_subgoal_was_left() -> None:
    assert pictures.left(np.array([0, 0, 1, 2]), 3).tolist() == [0, 2, 3, 4]
    assert pictures.left(np.array([0, 0]), 3).tolist() == [0, 2, 2, 2]
    assert pictures.left(np.array([], dtype=np.int64), 1).tolist() == [0, 0]


def test_a_strip_and_a_film_of_an_episode(tmp_path: Path) -> None:
    imagined = np.zeros((2, 64, 64, 3), np.uint8)
    imagined[0], imagined[1] = (255, 0, 255), (0, 255, 255)
    pictures.write_planned(tmp_path, 7, imagined)
    strip, film = pictures.draw_episode(tmp_path, LINE)
    assert (strip.name, film.name) == ("episode-007.png", "episode-007.mp4")
    with Image.open(strip) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert {(255, 0, 255), (0, 255, 255)} <= colours  # what was imagined is what is shown
    with av.open(str(film)) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) == 5
    assert frames[0].shape == (pictures.SIZE, pictures.SIZE, 3)
    for time, subgoal in ((0, LINE["subgoals"][0]), (2, LINE["subgoals"][1])):  # a blue ring around the current one
        x, y = (segment.project(np.array(subgoal), pictures.SIZE) + np.array([0, RADIUS])).astype(int)
        red, _, blue = frames[time][y, x].astype(int)
        assert blue > red + 30
    before = strip.stat().st_mtime_ns
    pictures.draw_episode(tmp_path, LINE)
    assert strip.stat().st_mtime_ns == before


def test_an_episode_that_began_at_its_goal(tmp_path: Path) -> None:
    line = LINE | {"path": [[0.5, 0.5]], "finger": [[0.0, 0.0, 0.25]], "current": [], "subgoals": [[0.5, 0.5]]}
    assert all(path.is_file() for path in pictures.draw_episode(tmp_path, line))


def test_an_overview_and_curves_of_all_methods(tmp_path: Path) -> None:
    methods = {name: [LINE, LINE | {"success": False}] for name in ("none", "keyin", "oracle", "tap", "jumpy")}
    rows = [{"method": name, "success_curve": success_curve(np.array([0.1, 1.0]))} for name in methods]
    paths = pictures.draw(methods, rows, 0, tmp_path)
    assert [path.name for path in paths] == ["outcomes.png", "success.png"]
    with Image.open(paths[0]) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert {(30, 150, 70), (220, 40, 40)} <= colours


def test_the_best_and_the_worst_are_drawn_once() -> None:
    lines = [{"task": task, "error": error} for task, error in enumerate([0.5, 0.1, 0.9, 0.3])]
    assert [line["task"] for line in pictures.extremes(lines, 1)] == [1, 2]
    assert [line["task"] for line in pictures.extremes(lines, 3)] == [1, 3, 0, 2]
    assert pictures.extremes(lines[:1], 1) == lines[:1]
    assert pictures.extremes(lines, 0) == []


def test_no_back_end_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise InputError("cannot render without OpenGL")

    monkeypatch.setattr(gl, "choose", none)
    with pytest.raises(InputError, match=r"^cannot render without OpenGL; --pictures 0 draws no episodes$"):
        pictures.check()
