"""F1 of keyframes (docs/spec.md, section 5): matches, precision, recall, intervals. Pure functions on (n,N) bool arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCES = (0, 1, 2)
RESAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """Precision, recall, F1 over all sequences, and the 95 % bootstrap interval of F1."""

    precision: float
    recall: float
    f1: float
    ci95: tuple[float, float]


def matches(named: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int) -> NDArray[np.int64]:
    """The largest number of pairs (named, true) at most `tolerance` frames apart, every keyframe in one pair at most: (n,).

    Both are sorted in time, so pairing the earliest possible pair first is optimal.
    """
    return np.array(
        [_pairs(np.flatnonzero(a), np.flatnonzero(b), tolerance) for a, b in zip(named, true, strict=True)], dtype=np.int64
    )


def score(named: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int, seed: int = 0) -> Scores:
    """Scores over the set: counts are summed over sequences, then divided; the bootstrap draws whole sequences."""
    counts = _counts(named, true, tolerance)
    precision, recall, f1 = _ratios(counts.sum(0))
    n = len(counts)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    resampled = _ratios((draws @ counts).T)[2]
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Scores(float(precision), float(recall), float(f1), (float(low), float(high)))


def f1(named: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int) -> float:
    """F1 over the set alone."""
    return float(_ratios(_counts(named, true, tolerance).sum(0))[2])


def table_row(method: str, named: NDArray[np.bool_], true: NDArray[np.bool_] | None) -> dict[str, Any]:
    """One row of Table 1 as `eval-f1 --json` prints it; without labels only the number of keyframes."""
    row: dict[str, Any] = {"method": method, "f1": None, "precision": None, "recall": None, "ci95": None}
    if true is not None:
        scores = {str(tolerance): score(named, true, tolerance) for tolerance in TOLERANCES}
        for name in ("f1", "precision", "recall", "ci95"):
            row[name] = {tolerance: getattr(each, name) for tolerance, each in scores.items()}
    return row | {"keyframes_per_sequence": float(named.sum(1).mean())}


def _counts(named: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int) -> NDArray[np.int64]:
    """(matched, named, true) of every sequence: (n,3)."""
    return np.stack([matches(named, true, tolerance), named.sum(1), true.sum(1)], axis=1)


def _pairs(named: NDArray[np.integer], true: NDArray[np.integer], tolerance: int) -> int:
    i = j = pairs = 0
    while i < len(named) and j < len(true):
        if abs(named[i] - true[j]) <= tolerance:
            pairs, i, j = pairs + 1, i + 1, j + 1
        elif named[i] < true[j]:
            i += 1
        else:
            j += 1
    return pairs


def _ratios(counts: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision, recall and F1 from counts (matched, named, true), the first axis; 0/0 is 0."""
    matched, named, true = counts.astype(np.float64)
    return matched / np.maximum(named, 1), matched / np.maximum(true, 1), 2 * matched / np.maximum(named + true, 1)
