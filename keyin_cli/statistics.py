"""All statistics of published scores: bootstrap intervals, Wilson's interval, McNemar's test. Pure functions.

Every interval is two-sided and covers 95 %. A bootstrap interval is that of percentiles; its random numbers depend on the seed
alone, not on how many resamples are made at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.025, 0.975)  # of the resampled statistic: the ends of a 95 % interval
NORMAL_975 = 1.959963984540054  # quantile of the standard normal distribution
BLOCK = 2**18  # numbers made at once, at most, unless one resample alone has more: 2 MiB

Floats = NDArray[np.float64]
Interval = tuple[float, float]


def interval_of_ratio(counts: NDArray[Any], ratio: Callable[[NDArray[Any]], Floats], resamples: int, seed: int = 0) -> Interval:
    """95 % bootstrap interval of a ratio of counts that are summed over whole sequences, such as F1.

    Args:
        counts: (n,C) int64 or float64, the counts or other summands of each of n sequences.
        ratio: summed counts (C,k) of k resamples -> their ratios (k,) float64.
        resamples: how many sets of n sequences are sampled with replacement.

    Returns:
        Lower and upper end, in units of the ratio.

    Raises:
        ValueError: there are no sequences.
    """
    n = _some(counts)
    rng, chances = np.random.default_rng(seed), np.full(n, 1 / n)
    # How often each sequence is sampled is all that a sum needs.
    ratios = [ratio((rng.multinomial(n, chances, size=size) @ counts).T) for size in _blocks(resamples, n)]
    return _percentiles(np.concatenate(ratios))


def interval_over_seeds(
    counts: NDArray[np.int64], ratio: Callable[[NDArray[np.int64]], Floats], resamples: int, seed: int = 0
) -> Interval:
    """95 % bootstrap interval of the mean of a ratio over training seeds: both seeds and whole sequences are sampled.

    Args:
        counts: (K,n,C) int64, of each of K training seeds the counts of the same n sequences.
        ratio, resamples: as for `interval_of_ratio`.

    Returns:
        Lower and upper end, in units of the ratio.

    Raises:
        ValueError: there are no seeds or no sequences.
    """
    seeds, n = _some(counts), _some(counts[0])
    rng, chances, means = np.random.default_rng(seed), np.full(n, 1 / n), []
    for size in _blocks(resamples, n):
        sampled = rng.multinomial(n, chances, size=size)
        ratios = np.stack([ratio((sampled @ each).T) for each in counts])  # (K,size)
        means.append(np.take_along_axis(ratios, rng.integers(0, seeds, (seeds, size)), axis=0).mean(axis=0))
    return _percentiles(np.concatenate(means))


def interval_of_mean(values: Floats, resamples: int, seed: int = 0) -> Interval:
    """95 % bootstrap interval of a mean; given differences of pairs it is the paired interval of two methods.

    Args:
        values: (n,) float64.
        resamples: how many sets of n values are sampled with replacement.

    Returns:
        Lower and upper end, in units of the values.

    Raises:
        ValueError: there are no values.
    """
    n = _some(values)
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, n, (size, n))].mean(axis=1) for size in _blocks(resamples, n)]
    return _percentiles(np.concatenate(means))


def wilson(successes: int, n: int) -> Interval:
    """Wilson's 95 % interval of a success rate.

    Raises:
        ValueError: nothing was tried.
    """
    if n < 1:
        raise ValueError("an interval of a rate needs at least one trial")
    rate, z2 = successes / n, NORMAL_975**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_975 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact two-sided p: of the tasks in which just one of two methods succeeds, either is as likely to be the one.

    Args:
        gained, lost: tasks that only the first, only the second method solves.
    """
    n = gained + lost
    tail = sum(math.comb(n, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**n)


def _some(values: NDArray[Any]) -> int:
    if not len(values):
        raise ValueError("a bootstrap needs at least one value to sample from")
    return len(values)


def _blocks(resamples: int, n: int) -> Iterator[int]:
    """How many resamples of n numbers to make at a time; one generator makes the same numbers in any blocks."""
    most = max(1, BLOCK // n)
    for begin in range(0, resamples, most):
        yield min(most, resamples - begin)


def _percentiles(resampled: Floats) -> Interval:
    low, high = np.quantile(resampled, QUANTILES)
    return float(low), float(high)
