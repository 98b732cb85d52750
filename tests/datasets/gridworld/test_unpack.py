"""A bot that opens boxes. Each is an event but the last, which ends the episode; what was in it is there for one frame."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("minigrid")  # the extra `benchmark`

from keyin_cli.datasets.episodes.rows import EpisodeRows
from keyin_cli.datasets.gridworld import bot, play, unpack

FORWARD, PICKUP, TOGGLE = 2, 3, 5
CELL = 3  # px
BOXES, COLOURS = 6, 5  # of balls
CENTRE = (1, 1)  # pixel of a cell, which a ball and the disc fill
HUES = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "purple": (0.57, 0.2, 1), "yellow": (1, 1, 0), "grey": (1, 1, 1)}


@pytest.fixture(scope="module")
def episodes() -> list[EpisodeRows]:
    return [play.episode(0, index, CELL * unpack.ROOM, ["Unpack"], turns=False) for index in range(6)]


def cells(rows: EpisodeRows) -> np.ndarray:
    """(T,rows,columns,CELL,CELL,3)."""
    return rows.frames.reshape(-1, unpack.ROOM, CELL, unpack.ROOM, CELL, 3).swapaxes(2, 3)


def test_an_episode_depends_on_seed_and_index_alone(episodes: list[EpisodeRows], capsys: pytest.CaptureFixture[str]) -> None:
    again = play.episode(0, 3, CELL * unpack.ROOM, ["Unpack"], turns=False)
    np.testing.assert_array_equal(again.frames, episodes[3].frames)
    assert again.events == episodes[3].events
    assert capsys.readouterr().out == ""  # MiniGrid prints what it rejects


def hue(pixels: np.ndarray) -> str:
    """The colour of a cell (CELL,CELL,3), by its brightest pixel."""
    pixel = pixels.reshape(-1, 3)[pixels.reshape(-1, 3).sum(1).argmax()].astype(float)
    return min(HUES, key=lambda name: float(np.abs(pixel / pixel.max() - HUES[name]).sum()))


def opened(rows: EpisodeRows) -> list[tuple[int, str, tuple[int, int]]]:
    """Of every event the frame, the name, and the only cell (row, column) that differs from the frame before."""
    seen, found = cells(rows), []
    for event in rows.events:
        ((row, column),) = np.argwhere((seen[event.frame] != seen[event.frame - 1]).any((2, 3, 4)))
        found.append((event.frame, event.name, (int(row), int(column))))
    return found


def test_every_box_is_opened_once_and_each_but_the_last_is_an_event(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        toggled = np.flatnonzero(one.signals["action"].argmax(1) == TOGGLE) + 1
        assert toggled.tolist() == [*np.flatnonzero(one.keyframes), len(one.frames) - 1]
        assert len(toggled) == len({event.name for event in one.events}) + 1 == BOXES


def test_the_order_of_colours_is_drawn(episodes: list[EpisodeRows]) -> None:
    assert len({tuple(event.name for event in one.events) for one in episodes}) == len(episodes)


def test_a_ball_of_another_colour_is_there_in_the_frame_of_the_event_alone(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        seen = cells(one)
        for frame, name, (row, column) in opened(one):
            box, ball, after = seen[frame - 1 : frame + 2, row, column]
            assert name == f"open the {hue(box)} box"
            assert hue(ball) not in (hue(box), "grey")
            assert ball[CENTRE].max() > 2 * box[CENTRE].max()
            assert not after.any()
            x, y = one.signals["observation.state"][frame, :2]
            assert abs(x - column) + abs(y - row) == 1


def test_balls_have_five_colours(episodes: list[EpisodeRows]) -> None:
    colours = {hue(cells(one)[frame][cell]) for one in episodes for frame, _, cell in opened(one)}
    assert colours == set(HUES) - {"grey"}
    assert len(colours) == COLOURS


def test_a_rule_that_knows_how_bright_balls_are_finds_every_event(episodes: list[EpisodeRows]) -> None:
    """docs/gridworld.md says so: nothing else is as bright, the disc least of all."""
    for one in episodes:
        bright = one.frames.max((1, 2, 3)) > 150
        assert bright[-1]  # the last box
        np.testing.assert_array_equal(bright[:-1], one.keyframes[:-1])
        columns, rows = one.signals["observation.state"][:, :2].astype(int).T
        assert (cells(one)[np.arange(len(rows)), rows, columns][:, 1, 1] == 100).all()


Cell = tuple[int, int]
Way = tuple[Cell, ...]


def free_ways(seeds: range) -> list[tuple[Cell, Way]]:
    """Boxes (x, y) and ways to them where no other box stands in the rectangle between."""
    found = []
    for index in seeds:
        one = play.episode(1, index, CELL * unpack.ROOM, ["Unpack"], turns=False)
        state, seen = one.signals["observation.state"][:, :2].astype(int), cells(one)
        for (begin, _, _), (end, _, (row, column)) in pairwise(opened(one)):
            (x, y), (rows, columns) = state[begin + 1], np.nonzero(seen[begin + 1].any((2, 3, 4)))
            inside = (rows - row) * (rows - y) <= 0
            inside &= (columns - column) * (columns - x) <= 0
            if inside.sum() == 2:  # the box, and the bot
                found.append(((column, row), tuple(map(tuple, state[begin + 1 : end].tolist()))))
    return found


def test_a_way_depends_on_its_ends_and_begins_to_the_right_nearly_always_where_it_may() -> None:
    ways, again, right = dict[tuple[Cell, Cell], Way](), 0, list[bool]()
    for box, way in free_ways(range(150)):
        key = (way[0], box)
        again += key in ways
        assert ways.setdefault(key, way) == way
        if box[0] > way[0][0] + 1:
            right.append(way[1][0] > way[0][0])
    assert again > 5
    assert sum(right) > 0.85 * len(right) > 40  # the bot sees a part of the room; looking elsewhere, 0.6


def test_without_turns_every_frame_is_a_step_or_what_is_done_to_a_box(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        steps = np.abs(np.diff(one.signals["observation.state"][:, :2], axis=0)).sum(1)
        actions = one.signals["action"].argmax(1)[:-1]
        assert set(actions) == {FORWARD, TOGGLE, PICKUP}
        np.testing.assert_array_equal(steps, actions == FORWARD)


def test_a_bot_that_takes_too_long_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot, "MOST", 1)
    with pytest.raises(RuntimeError, match="all of 20 attempts failed"):
        play.episode(0, 0, 24, ["Unpack"])


def test_a_bot_with_nothing_to_do_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.BabyAIBot, "replan", lambda self, action: self.mission.actions.done)
    with pytest.raises(RuntimeError, match="all of 20 attempts failed"):
        play.episode(0, 0, 24, ["Unpack"])
