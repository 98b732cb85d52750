"""An agent that goes from object to object. Each is an event but the last, which ends the episode; what is picked up is gone."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("minigrid")  # the extra `benchmark`

from keyin_cli.datasets.episodes.rows import EpisodeRows
from keyin_cli.datasets.gridworld import errands, play

LEFT, RIGHT, FORWARD, PICKUP, DONE = 0, 1, 2, 3, 6


@pytest.fixture(scope="module")
def collected() -> list[EpisodeRows]:
    return [play.episode(0, index, 24, ["Collect"]) for index in range(6)]


@pytest.fixture(scope="module")
def visited() -> list[EpisodeRows]:
    return [play.episode(0, index, 30, ["Visit"], False) for index in range(6)]


def test_an_episode_depends_on_seed_and_index_alone(collected: list[EpisodeRows], capsys: pytest.CaptureFixture[str]) -> None:
    again = play.episode(0, 3, 24, ["Collect"])
    np.testing.assert_array_equal(again.frames, collected[3].frames)
    assert again.events == collected[3].events
    assert capsys.readouterr().out == ""  # MiniGrid prints what it rejects


def test_every_object_is_picked_up_once(collected: list[EpisodeRows]) -> None:
    for one in collected:
        actions = one.signals["action"].argmax(1)
        assert (np.flatnonzero(actions == PICKUP) + 1).tolist() == [*np.flatnonzero(one.keyframes), len(one.frames) - 1]
        assert (len({name for _, name in one.events}), actions[-1]) == (errands.COLLECT.objects - 1, DONE)


def test_what_is_picked_up_is_gone_and_the_bot_stands_still(collected: list[EpisodeRows]) -> None:
    for one in collected:
        lit = one.frames.reshape(len(one.frames), -1).astype(int).sum(1)
        state = one.signals["observation.state"]
        for frame, _ in one.events:
            assert lit[frame] < lit[frame - 1]
            np.testing.assert_array_equal(state[frame], state[frame - 1])
            assert (one.frames[frame] != one.frames[frame - 1]).any((0, 2)).sum() <= 3  # columns of a single cell


def test_a_bot_at_a_loss_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "MOST", 1)
    with pytest.raises(RuntimeError, match="all of 20 attempts failed"):
        play.episode(0, 0, 24, ["Collect"])


def test_a_visit_is_where_the_disc_has_come_beside_the_object(visited: list[EpisodeRows]) -> None:
    for one in visited:
        things = one.frames.min(0).reshape(10, 3, 10, 3, 3).max((1, 3, 4))  # by cell, without the disc: it moves
        things[[0, -1]] = things[:, [0, -1]] = 0  # walls
        for frame, _ in one.events:
            x, y = one.signals["observation.state"][frame, :2].astype(int)
            beside = [(y, x + 1), (y, x - 1), (y + 1, x), (y - 1, x)]
            assert any(things[cell] for cell in beside)


def test_what_is_visited_stays_and_is_left_for_another(visited: list[EpisodeRows]) -> None:
    for one in visited:
        names = [event.name for event in one.events]
        assert len(names) == errands.VISITS - 1
        assert all(before != after for before, after in pairwise(names))
        assert (np.sum(one.frames.max(3) == 255, (1, 2)) == np.sum(one.frames[0].max(2) == 255)).all()


def test_the_way_of_a_visit_depends_on_where_it_begins_and_ends_alone(visited: list[EpisodeRows]) -> None:
    again = 0
    for one in visited:
        cells, ways = one.signals["observation.state"][:, :2].astype(int).tolist(), {}
        for (begin, _), (end, name) in pairwise(one.events):
            way = cells[begin : end + 1]
            again += (*way[0], name) in ways
            assert ways.setdefault((*way[0], name), way) == way
    assert again


def test_without_turns_every_frame_is_a_step_to_the_next_cell(visited: list[EpisodeRows]) -> None:
    for one in visited:
        state = one.signals["observation.state"]
        assert (np.abs(np.diff(state[:, :2], axis=0)).sum(1) == 1).all()
        assert set(one.signals["action"][:-1].argmax(1)) == {FORWARD}
        brightest = one.frames.astype(int).sum(3)
        rows, columns = np.stack([np.argwhere(image == image.max())[0] for image in brightest]).T
        np.testing.assert_array_equal(np.stack([columns, rows], 1) // 3, state[:, :2])


def test_with_turns_there_is_a_frame_for_each_of_them() -> None:
    short, whole = (play.episode(0, 0, 30, ["Visit"], turns) for turns in (False, True))
    kept = np.isin(whole.signals["action"].argmax(1), (LEFT, RIGHT), invert=True)
    assert kept.sum() == len(short.frames) < len(whole.frames)
    assert [name for _, name in whole.events] == [name for _, name in short.events]


def test_a_bot_with_nothing_to_do_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands.BabyAIBot, "replan", lambda self, action: self.mission.actions.done)
    with pytest.raises(RuntimeError, match="all of 20 attempts failed"):
        play.episode(0, 0, 30, ["Visit"], False)
