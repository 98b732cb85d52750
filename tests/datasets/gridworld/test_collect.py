"""An agent that collects objects: each that it picks up is an event and is gone, but for the last, which ends the episode."""

import numpy as np
import pytest

pytest.importorskip("minigrid")  # the extra `benchmark`

from keyin_cli.datasets.episodes.rows import EpisodeRows
from keyin_cli.datasets.gridworld import collect, play

PICKUP, DONE = 3, 6


@pytest.fixture(scope="module")
def episodes() -> list[EpisodeRows]:
    return [play.episode(0, index, 24, ["Collect"]) for index in range(6)]


def test_an_episode_depends_on_seed_and_index_alone(episodes: list[EpisodeRows], capsys: pytest.CaptureFixture[str]) -> None:
    again = play.episode(0, 3, 24, ["Collect"])
    np.testing.assert_array_equal(again.frames, episodes[3].frames)
    assert again.events == episodes[3].events
    assert capsys.readouterr().out == ""  # MiniGrid prints what it rejects


def test_every_object_is_picked_up_once(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        actions = one.signals["action"].argmax(1)
        assert (np.flatnonzero(actions == PICKUP) + 1).tolist() == [*np.flatnonzero(one.keyframes), len(one.frames) - 1]
        assert (len({name for _, name in one.events}), actions[-1]) == (collect.OBJECTS - 1, DONE)


def test_what_is_picked_up_is_gone_and_the_bot_stands_still(episodes: list[EpisodeRows]) -> None:
    for one in episodes:
        lit = one.frames.reshape(len(one.frames), -1).astype(int).sum(1)
        state = one.signals["observation.state"]
        for frame, _ in one.events:
            assert lit[frame] < lit[frame - 1]
            np.testing.assert_array_equal(state[frame], state[frame - 1])
            assert (one.frames[frame] != one.frames[frame - 1]).any((0, 2)).sum() <= 3  # columns of a single cell


def test_a_bot_at_a_loss_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MOST", 1)
    with pytest.raises(RuntimeError, match="all of 20 attempts failed"):
        play.episode(0, 0, 24, ["Collect"])
