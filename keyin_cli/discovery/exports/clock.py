"""Seconds of keyframes and of the end of an episode."""

from __future__ import annotations

from itertools import pairwise

from keyin_cli.discovery.found import Found, FoundEpisode
from keyin_cli.errors import InputError

FASTEST = 1e6  # frames a second
LATEST = 1e9  # s in an episode: more is a mistake


def seconds(episode: FoundEpisode, rate: float) -> list[float]:
    """Times of the keyframes since the episode's beginning, in order.

    Args:
        rate: frames of the source a second, where nobody said the times.

    Raises:
        InputError: they are not.
    """
    return _checked(episode, episode.seconds(rate))


def bounds(episode: FoundEpisode, rate: float) -> list[float]:
    """Where the episode begins, its keyframes, and where it ends (s): one more than there are segments.

    Where nobody said how long it is, it ends one frame after the last keyframe.

    Args:
        rate: frames of the source a second.

    Raises:
        InputError: these are no times in order.
    """
    last = episode.keyframes[-1] if episode.keyframes else 0
    frames = last + 1 if episode.frames is None else episode.frames
    begun = [0.0, *seconds(episode, rate)]
    return _checked(episode, [*begun, begun[-1] + (frames - last) / rate])


def rates(found: Found) -> list[float]:
    """Frames of the source a second, of every episode.

    The dataset may have been thinned, so its rate does not say it: the last keyframe's number and time do. Of an episode without
    them it is the first other's, of a file without any times the dataset's.
    """
    own = [_rate(episode) for episode in found.episodes]
    other = next((rate for rate in own if rate), found.fps)
    return [rate or other for rate in own]


def _rate(episode: FoundEpisode) -> float | None:
    if not episode.times or not episode.keyframes[-1] / FASTEST < episode.times[-1] <= LATEST:
        return None
    return episode.keyframes[-1] / episode.times[-1] or None


def _checked(episode: FoundEpisode, times: list[float]) -> list[float]:
    if any(not 0 <= time <= LATEST for time in times) or any(after < before for before, after in pairwise(times)):
        raise InputError(
            f"the times of episode {episode.episode} are not in order between 0 and {LATEST:g} s: correct them, or leave them out"
        )
    return times
