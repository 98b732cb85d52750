"""A bot that opens boxes. Each is an event but the last, which ends the episode; what was in it is there for one frame."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("minigrid")  # the extra `benchmark`

from keyin_cli.datasets.episodes.rows import EpisodeRows
from keyin_cli.datasets.gridworld import bot, play, unpack

LEFT, RIGHT, FORWARD, PICKUP, TOGGLE, DONE = 0, 1, 2, 3, 5, 6
CELL = 3  # px
BALL = ([0, 1, 1, 1, 2], [1, 0, 1, 2, 1])  # pixels of a cell that a ball lights


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


def test_every_box_is_opened_once_and_each_but_the_last_is_an_event(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        opened = np.flatnonzero(one.signals["action"].argmax(1) == TOGGLE) + 1
        assert opened.tolist() == [*np.flatnonzero(one.keyframes), len(one.frames) - 1]
        assert len({event.name for event in one.events}) == unpack.BOXES - 1


def test_a_ball_is_there_in_the_frame_of_the_event_alone(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        seen = cells(one)
        for event in one.events:
            changed = np.argwhere((seen[event.frame] != seen[event.frame - 1]).any((2, 3, 4)))
            assert len(changed) == 1  # the bot stands still
            row, column = changed[0]
            before, ball, after = seen[event.frame - 1 : event.frame + 2, row, column]
            assert before.any()  # a box
            assert not after.any()
            assert ball[BALL].max(0).tolist() != before.max((0, 1)).tolist()  # of another colour
            x, y = one.signals["observation.state"][event.frame, :2]
            assert abs(x - column) + abs(y - row) == 1


def test_balls_have_many_colours_and_none_that_of_walls(episodes: list[EpisodeRows]) -> None:
    colours = set()
    for one in episodes:
        seen = cells(one)
        for event in one.events:
            row, column = np.argwhere((seen[event.frame] != seen[event.frame - 1]).any((2, 3, 4)))[0]
            colours.add(tuple(seen[event.frame, row, column, 1, 1].tolist()))
    assert len(colours) == len(unpack.BALLS)
    assert all(len(set(colour)) > 1 for colour in colours)


def test_of_shortest_ways_it_takes_one_that_begins_to_the_right(episodes: list[EpisodeRows]) -> None:
    begun = 0
    for one in episodes:
        state = one.signals["observation.state"]
        actions = one.signals["action"].argmax(1)
        for (begin, _), (end, _) in pairwise(one.events):
            way = state[begin + 1 : end, :2]
            assert set(actions[begin + 1 : end - 1]) <= {FORWARD}
            if (way[1:] - way[:-1])[:, 0].sum() > 0 and len(way) > 1:
                begun += tuple(way[1] - way[0]) == (1, 0)
    assert begun > 3


def test_without_turns_every_frame_is_a_step_or_what_is_done_to_a_box(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        steps = np.abs(np.diff(one.signals["observation.state"][:, :2], axis=0)).sum(1)
        actions = one.signals["action"].argmax(1)[:-1]
        assert set(actions) == {FORWARD, TOGGLE, PICKUP}
        np.testing.assert_array_equal(steps, actions == FORWARD)


def test_with_turns_there_is_a_frame_for_each_of_them() -> None:
    short, whole = (play.episode(0, 0, CELL * unpack.ROOM, ["Unpack"], turns) for turns in (False, True))
    kept = np.isin(whole.signals["action"].argmax(1), (LEFT, RIGHT), invert=True)
    assert kept.sum() == len(short.frames) < len(whole.frames)
    assert [name for _, name in whole.events] == [name for _, name in short.events]


def test_a_bot_that_takes_too_long_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot, "MOST", 1)
    with pytest.raises(RuntimeError, match="all of 20 attempts failed"):
        play.episode(0, 0, 24, ["Unpack"])


def test_a_bot_with_nothing_to_do_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.BabyAIBot, "replan", lambda self, action: self.mission.actions.done)
    with pytest.raises(RuntimeError, match="all of 20 attempts failed"):
        play.episode(0, 0, 24, ["Unpack"])
