"""F1 of keyframes (docs/spec.md, section 5): matches, precision, recall, intervals. Pure functions on (n,N) bool arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.statistics import interval_of_ratio, interval_over_seeds

TOLERANCES = (0, 1, 2)
RESAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """Precision, recall, F1 over all sequences, and the 95 % bootstrap interval of F1."""

    precision: float
    recall: float
    f1: float
    ci95: tuple[float, float]


def matches(detected: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int) -> NDArray[np.int64]:
    """The largest number of pairs (detected, true) at most `tolerance` frames apart, every keyframe in one pair at most: (n,).

    Both are sorted in time, so pairing the earliest possible pair first is optimal.
    """
    return np.array(
        [_pairs(np.flatnonzero(a), np.flatnonzero(b), tolerance) for a, b in zip(detected, true, strict=True)], dtype=np.int64
    )


def score(detected: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int, seed: int = 0) -> Scores:
    """Scores over the set: counts are summed over sequences, then divided; the bootstrap samples whole sequences.

    Raises:
        ValueError: there are no sequences.
    """
    counts = _counts(detected, true, tolerance)
    precision, recall, over_all = (float(ratio) for ratio in _ratios(counts.sum(0)))
    return Scores(precision, recall, over_all, interval_of_ratio(counts, lambda sums: _ratios(sums)[2], RESAMPLES, seed))


def f1(detected: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int) -> float:
    """F1 over the set alone."""
    return float(_ratios(_counts(detected, true, tolerance).sum(0))[2])


def mean_over_seeds(
    detected: Sequence[NDArray[np.bool_]], true: NDArray[np.bool_], tolerance: int, seed: int = 0
) -> tuple[list[float], tuple[float, float]]:
    """F1 of every training seed's keyframes (n,N) on the same sequences, and the 95 % interval of their mean over seeds and
    sequences."""
    counts = np.stack([_counts(each, true, tolerance) for each in detected])
    interval = interval_over_seeds(counts, lambda sums: _ratios(sums)[2], RESAMPLES, seed)
    return [float(_ratios(each.sum(0))[2]) for each in counts], interval


def without_last(detected: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keyframes (n,N) as they are scored: what changes in the last frame cannot be seen and is no label, so none there counts."""
    kept = detected.copy()
    kept[:, -1] = False
    return kept


def table_row(method: str, detected: NDArray[np.bool_], true: NDArray[np.bool_] | None) -> dict[str, Any]:
    """One row of Table 1 as `eval-f1 --json` prints it; without labels only the number of keyframes."""
    row: dict[str, Any] = {"method": method, "f1": None, "precision": None, "recall": None, "ci95": None}
    if true is not None:
        scores = {str(tolerance): score(without_last(detected), true, tolerance) for tolerance in TOLERANCES}
        for name in ("f1", "precision", "recall", "ci95"):
            row[name] = {tolerance: getattr(each, name) for tolerance, each in scores.items()}
    return row | {"keyframes_per_sequence": float(detected.sum(1).mean())}


def _counts(detected: NDArray[np.bool_], true: NDArray[np.bool_], tolerance: int) -> NDArray[np.int64]:
    """(matched, detected, true) of every sequence: (n,3)."""
    return np.stack([matches(detected, true, tolerance), detected.sum(1), true.sum(1)], axis=1)


def _pairs(detected: NDArray[np.integer], true: NDArray[np.integer], tolerance: int) -> int:
    i = j = pairs = 0
    while i < len(detected) and j < len(true):
        if abs(detected[i] - true[j]) <= tolerance:
            pairs, i, j = pairs + 1, i + 1, j + 1
        elif detected[i] < true[j]:
            i += 1
        else:
            j += 1
    return pairs


def _ratios(counts: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision, recall and F1 from counts (matched, detected, true), the first axis; 0/0 is 0."""
    matched, detected, true = counts.astype(np.float64)
    return matched / np.maximum(detected, 1), matched / np.maximum(true, 1), 2 * matched / np.maximum(detected + true, 1)
