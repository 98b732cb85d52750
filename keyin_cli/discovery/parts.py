"""What methods of the benchmark take from demonstrations: parts that a dataset may not have, and keyframes that may be none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.peer import GRIPPER, Demonstration, Times
from keyin_cli.errors import InputError


def part(episode: Demonstration, role: str, method: str) -> NDArray[np.float32]:
    """The columns (n,D) of an episode that have a role.

    Raises:
        InputError: the dataset has none; `method` is who needs them.
    """
    if role not in episode.roles:
        raise InputError(f"{method} needs the role {role}, which this dataset has not: leave {method} out, or say it in `roles`")
    return episode.roles[role]


def signals(episode: Demonstration, method: str) -> NDArray[np.float32]:
    """The signals (n,D) of an episode.

    Raises:
        InputError: the dataset has none; `method` is who needs them.
    """
    if not episode.signals.shape[1]:
        raise InputError(f"{method} needs signals, which this dataset has not: let it look at pixels")
    return episode.signals


def check_lengths(episodes: Sequence[Demonstration], most: int, method: str) -> None:
    """Refuse episodes of more frames than a method can look at in sensible time and memory.

    Raises:
        InputError: one is longer; `method` is who cannot look.
    """
    longest = max(map(len, episodes))
    if longest > most:
        what = f"{method} looks at episodes of at most {most:,} frames, this dataset has one of {longest:,}"
        raise InputError(f"{what}: leave {method} out, or import shorter episodes")


def half_closed(episodes: Sequence[Demonstration], method: str) -> float:
    """The middle of the range that the gripper has in a dataset. A gripper that holds something never closes to 1, so half of
    what it can do says little.

    Raises:
        InputError: the dataset has no gripper.
    """
    values = [part(episode, GRIPPER, method) for episode in episodes]
    return float(min(each.min() for each in values) + max(each.max() for each in values)) / 2


def inner(times: Times) -> Times:
    """Keyframes (n,) without those in the first and the last frame, which are none."""
    kept = times.copy()
    kept[:1] = kept[-1:] = False
    return kept


def at(frames: Sequence[int] | NDArray[np.integer], n: int) -> Times:
    """Frames as keyframes (n,), without the first and the last."""
    times = np.zeros(n, np.bool_)
    times[np.asarray(frames, np.int64)] = True
    return inner(times)
