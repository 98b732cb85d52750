"""Levels of MiniGrid, played by the BabyAI bot: events at the frames that show what was done."""

import numpy as np
import pytest

pytest.importorskip("minigrid")  # the extra `benchmark`

from keyin_cli.datasets.episodes.rows import EpisodeRows
from keyin_cli.datasets.gridworld import bot, play

PICKUP, DROP, TOGGLE, DONE = 3, 4, 5, 6
TURNS = ("KeyCorridorS3R2", "UnlockPickup")
VERBS = {"pick": PICKUP, "drop": DROP, "open": TOGGLE, "close": TOGGLE}


@pytest.fixture(scope="module")
def episodes() -> list[EpisodeRows]:
    return [play.episode(seed=0, index=index, size=64, levels=TURNS) for index in range(12)]


def actions(one: EpisodeRows) -> np.ndarray:
    return one.signals["action"].argmax(1)


def test_an_episode_depends_on_seed_and_index_alone(episodes: list[EpisodeRows]) -> None:
    again = play.episode(0, 5, 64, TURNS)
    np.testing.assert_array_equal(again.frames, episodes[5].frames)
    np.testing.assert_array_equal(again.signals["observation.state"], episodes[5].signals["observation.state"])
    assert again.events == episodes[5].events
    other = play.episode(1, 5, 64, TURNS)
    assert other.frames.shape != again.frames.shape or (other.frames != again.frames).any()


def test_levels_in_turn_in_frames_of_one_size(episodes: list[EpisodeRows]) -> None:
    assert [one.told["level"] for one in episodes[:4]] == ["KeyCorridorS3R2", "UnlockPickup"] * 2
    assert {one.frames.shape[1:] for one in episodes} == {(64, 64, 3)}
    assert {name: values.shape[1] for name, values in episodes[0].signals.items()} == {"observation.state": 5, "action": 7}


def test_the_levels_that_are_asked_for() -> None:
    assert [play.episode(0, index, 40, ["KeyCorridorS3R2"]).told["level"] for index in range(2)] == ["KeyCorridorS3R2"] * 2


def test_an_event_is_at_the_first_frame_that_shows_it(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        for frame, name in one.events:
            assert actions(one)[frame - 1] == VERBS[name.split()[0]], name  # what an action does is in the next frame
            assert (one.frames[frame] != one.frames[frame - 1]).any(), name


def test_all_that_is_carried_or_dropped_is_an_event_but_for_the_goal(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        carries = one.signals["observation.state"][:, 4]
        changes = np.flatnonzero(np.diff(carries)) + 1
        events = [frame for frame, name in one.events if name.startswith(("pick", "drop"))]
        assert changes.tolist() == [*events, len(one.frames) - 1]
        assert actions(one)[-2:].tolist() == [PICKUP, DONE]


def test_every_door_that_is_opened_is_an_event(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        opened = [frame for frame, name in one.events if name.startswith(("open", "close"))]
        assert (np.flatnonzero(actions(one) == TOGGLE) + 1).tolist() == opened


def test_the_state_is_where_the_bot_is(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        state, moved = one.signals["observation.state"], actions(one)[:-1] == 2
        steps = np.diff(state[:, :2], axis=0)
        assert (np.abs(state[:, 2:4]).sum(1) == 1).all()
        np.testing.assert_array_equal(steps[moved], state[:-1][moved][:, 2:4])  # forward is where it looks
        assert not steps[~moved].any()


def test_a_bot_at_a_loss_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = bot.BabyAIBot.replan
    lost: list[int] = []

    def replan(player: bot.BabyAIBot, action: object = None) -> object:
        if not lost:
            lost.append(1)
            raise AssertionError("0nothing left to explore")
        return usual(player, action)

    monkeypatch.setattr(bot.BabyAIBot, "replan", replan)
    assert play.episode(0, 1, 64, TURNS).told["failed_attempts"] == 1
    lost_always = lambda bot, action=None: (_ for _ in ()).throw(AssertionError)  # noqa: E731
    monkeypatch.setattr(bot.BabyAIBot, "replan", lost_always)
    with pytest.raises(RuntimeError, match=r"episode 1 of seed 0: all of 20 attempts failed"):
        play.episode(0, 1, 64, TURNS)


@pytest.mark.parametrize("size", [33, 64, 65])
def test_the_grid_is_in_the_middle_of_a_black_image(size: int) -> None:
    frame = play.episode(0, 1, size, TURNS).frames[0]  # 11 by 6 cells
    rows, columns = np.flatnonzero(frame.any((1, 2))), np.flatnonzero(frame.any((0, 2)))
    cell = size // 11
    assert (len(rows), len(columns)) == (6 * cell, 11 * cell)
    assert abs(rows[0] - (size - 1 - rows[-1])) <= 1
    assert abs(columns[0] - (size - 1 - columns[-1])) <= 1
