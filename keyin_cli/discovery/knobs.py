"""Where to set the number that decides how many keyframes a method finds, so that it finds as many as wanted. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from keyin_cli.discovery.peer import Floats


def closest(count: Callable[[float], int], settings: Iterable[float], wanted: int) -> float:
    """The setting with as many keyframes as wanted, else the one with most of those that have fewer, else the one with fewest;
    of equals the first. For counts that follow a setting up and down, so that none can be left out.

    Raises:
        ValueError: there are no settings.
    """
    best: tuple[int, float] | None = None
    for setting in settings:
        missing = wanted - count(setting)
        rank = missing if missing >= 0 else 10**9 - missing
        if best is None or rank < best[0]:
            best = rank, setting
        if rank == 0:
            break
    if best is None:
        raise ValueError("no settings to choose from")
    return best[1]


def lowest(count: Callable[[float], int], settings: Sequence[float], wanted: int) -> float:
    """The first of increasing settings with no more keyframes than wanted, by bisection; the last where all have more. For counts
    that never rise with a setting."""
    low, high = 0, len(settings) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if count(settings[middle]) <= wanted else (middle + 1, high)
    return settings[low]


def threshold_for(scores: Sequence[Floats], wanted: float) -> float:
    """The score that as many frames of all episodes reach as wanted on average, or just fewer; 0, where there are no more with a
    score above it."""
    ranked = np.sort(np.concatenate(scores))[::-1]
    ranked = ranked[ranked > 0]
    most = int(wanted * len(scores) + 1e-9)
    return float(np.nextafter(ranked[most], np.inf)) if most < len(ranked) else 0.0


def threshold(scores: Floats, wanted: int) -> float:
    """The score that as many frames reach as wanted, or just fewer where some are equal; infinite where that is none."""
    ranked = np.sort(scores[scores > 0])[::-1]
    if not 0 < wanted <= len(ranked):
        return float(ranked[-1]) if wanted > 0 and len(ranked) else float("inf")
    if wanted < len(ranked) and ranked[wanted] == ranked[wanted - 1]:
        above = ranked[ranked > ranked[wanted]]
        return float(above[-1]) if len(above) else float("inf")
    return float(ranked[wanted - 1])
