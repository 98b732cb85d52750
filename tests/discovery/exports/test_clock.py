"""Seconds: the source's rate where the dataset was thinned, ends of episodes, and times that are refused."""

import pytest

from keyin_cli.discovery.exports.clock import bounds, rates, seconds
from keyin_cli.discovery.found import Found, FoundEpisode
from keyin_cli.errors import InputError

THINNED = FoundEpisode(episode=0, frames=120, keyframes=[30, 60], times=[1.0, 2.0])
UNTIMED = FoundEpisode(episode=1, frames=90, keyframes=[15])
EMPTY = FoundEpisode(episode=2, frames=45, keyframes=[])


def test_the_rate_is_that_of_the_source() -> None:
    assert rates(Found(fps=10.0, episodes=[EMPTY, THINNED, UNTIMED])) == [30, 30, 30]
    slower = FoundEpisode(episode=3, keyframes=[10], times=[2.0])
    assert rates(Found(fps=10.0, episodes=[THINNED, slower])) == [30, 5]


def test_without_times_it_is_that_of_the_dataset() -> None:
    first = FoundEpisode(episode=3, keyframes=[0], times=[0.0])
    assert rates(Found(fps=12.5, episodes=[UNTIMED, EMPTY, first])) == [12.5, 12.5, 12.5]
    assert rates(Found(fps=12.5, episodes=[])) == []


@pytest.mark.parametrize("time", [1e-300, 1e300, -1.0])
def test_no_rate_from_absurd_times(time: float) -> None:
    assert rates(Found(fps=10.0, episodes=[FoundEpisode(episode=0, keyframes=[5], times=[time])])) == [10]


@pytest.mark.parametrize(
    ("episode", "expected"),
    [(THINNED, [0, 1, 2, 4]), (UNTIMED, [0, 0.5, 3]), (EMPTY, [0, 1.5])],
)
def test_an_episode_ends_with_its_frames(episode: FoundEpisode, expected: list[float]) -> None:
    assert bounds(episode, 30) == expected


def test_an_end_that_nobody_said_is_a_frame_after_the_last_keyframe() -> None:
    assert bounds(FoundEpisode(episode=0, keyframes=[5]), 10) == [0, 0.5, 0.6]
    assert bounds(FoundEpisode(episode=0, keyframes=[]), 10) == [0, 0.1]


@pytest.mark.parametrize("times", [[2.0, 1.0], [-1.0, 2.0], [1.0, 1e10]])
def test_times_that_are_none(times: list[float]) -> None:
    episode = FoundEpisode(episode=7, keyframes=[1, 2], times=times)
    with pytest.raises(InputError, match=r"the times of episode 7 are not in order between 0 and 1e\+09 s: correct them"):
        seconds(episode, 10)


def test_an_end_that_is_none() -> None:
    with pytest.raises(InputError, match="the times of episode 2 are not in order"):
        bounds(EMPTY, 1e-300)
