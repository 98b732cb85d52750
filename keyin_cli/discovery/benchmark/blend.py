"""Episodes from a few of their frames: between two of those that are given, the others are blended in time. Pure functions.

Given are the first frame, the last, and the keyframes. The best keyframes for this are found exactly by dynamic programming, as
Liu & Kender (2002) do for such costs. All errors come from the inner products of an episode's frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WHITE = 255  # of uint8
BLOCK = 2**23  # numbers of float64 at once: 64 MiB
ROUNDING = 1 / (12 * WHITE**2)  # mean squared error that frames have as they are recorded, in whole grey levels


def inner_products(frames: NDArray[np.uint8]) -> Floats:
    """⟨x_s, x_t⟩ of all frames (n,…) uint8, in grey levels: (n,n) float64. Exact, as all sums are whole numbers below 2^53."""
    pixels = frames.reshape(len(frames), -1)
    found = np.zeros((len(frames), len(frames)))
    width = max(BLOCK // max(len(frames), 1), 1)
    for begin in range(0, pixels.shape[1], width):
        some = pixels[:, begin : begin + width].astype(np.float64)
        found += some @ some.T
    return found


def segment_errors(products: Floats) -> Floats:
    """What the frames between i and j cost, when they are blended from those two.

    E(i,j) = Σ over s = 1 … L-1, L = j - i, of ‖x_{i+s} - (1-s/L) x_i - (s/L) x_j‖². The sums over s of the squares are
    written out: Σ (1-s/L)² = Σ (s/L)² = (L-1)(2L-1)/6L and Σ (s/L)(1-s/L) = (L²-1)/6L; those of the products are differences of
    cumulative sums.

    Args:
        products: ⟨x_s, x_t⟩, (n,n).

    Returns:
        (n,n) float64 in the units of `products`, infinite where j <= i.
    """
    n = len(products)
    times = np.arange(n)
    apart = np.maximum(times - times[:, None], 1).astype(np.float64)  # L at [i,j]
    squares = np.diagonal(products).astype(np.float64)
    whole = _inside(np.broadcast_to(squares, (n, n)))  # Σ ‖x_t‖²
    to_first, to_first_by_time = _inside(products), _inside(products * times)  # Σ ⟨x_i, x_t⟩ and Σ t ⟨x_i, x_t⟩
    to_last, to_last_by_time = _inside_of_end(products), _inside_of_end(products * times)
    mixed = times * to_first - to_first_by_time + to_last_by_time - times[:, None] * to_last
    found = whole - 2 * mixed / apart
    found += (apart - 1) * (2 * apart - 1) / (6 * apart) * (squares[:, None] + squares)
    found += (apart**2 - 1) / (3 * apart) * products
    np.maximum(found, 0, out=found)  # rounding
    found[times[:, None] >= times] = np.inf
    return found


def error(segments: Floats, keyframes: Sequence[int]) -> float:
    """Squared error of an episode from increasing keyframes, none of which is the first or the last frame: `segments` is E(i,j),
    (n,n)."""
    return float(sum(segments[pair] for pair in pairwise([0, *keyframes, len(segments) - 1])))


def optimum(segments: Floats, most: int) -> list[list[int]]:
    """The keyframes with the least error, by dynamic programming: of all sets of at most 0, 1, …, `most` keyframes.

    More keyframes are not always better: one that is an outlier spoils its neighbours. Of equals the smallest set.

    Args:
        segments: E(i,j), (n,n), n at least 2.
        most: keyframes.

    Returns:
        `most` + 1 sets, increasing frames each.
    """
    last = len(segments) - 1
    costs, backs = [segments[0].copy()], []  # of the best way from frame 0 to j in so many segments
    for _ in range(most):
        through = costs[-1][:, None] + segments
        backs.append(through.argmin(0))
        costs.append(through.min(0))
    found: list[list[int]] = []
    best = np.inf
    for count, cost in enumerate(costs):
        if cost[last] < best:
            best, ends, at = cost[last], list[int](), last
            for back in reversed(backs[:count]):
                at = int(back[at])
                ends.append(at)
            found.append(ends[::-1])
        else:
            found.append(found[-1])
    return found


def psnr(squared: float, values: int) -> float:
    """dB of an episode in [0,1] against a squared error in grey levels over so many values. Errors below that of the recording
    itself count as such, so it is 58.9 at most."""
    return float(-10 * np.log10(max(squared / values / WHITE**2, ROUNDING)))


def _inside(rows: Floats) -> Floats:
    """Of rows (n,n) the sum over t = i+1 … j-1 of [i,t], at [i,j]; nothing is meant where j <= i."""
    sums = np.cumsum(rows, axis=1)
    return np.pad(sums[:, :-1], ((0, 0), (1, 0))) - np.diagonal(sums)[:, None]


def _inside_of_end(rows: Floats) -> Floats:
    """Of rows (n,n) the sum over t = i+1 … j-1 of [j,t], at [i,j]; nothing is meant where j <= i."""
    sums = np.cumsum(rows, axis=1)
    to = np.concatenate([[0.0], np.diagonal(sums, -1)])  # up to t = j-1
    return to - sums.T
