"""The scores of the benchmark. Each is a ratio of two sums over episodes, so that all have intervals by one bootstrap.

Keyframes are (k,T) bool as they are scored (see `protocol`), with the lengths (k,) of the episodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import segments
from keyin_cli.discovery.benchmark.result import Difference, Score
from keyin_cli.discovery.f1 import RESAMPLES, matches
from keyin_cli.statistics import interval_of_ratio

Times = NDArray[np.bool_]
Lengths = NDArray[np.int64]
Floats = NDArray[np.float64]
Sums = NDArray[np.float64]  # (k,2): of every episode what is above and what is below the line
HEADLINE = "f1_1"  # by which rows are ordered and compared


@dataclass(frozen=True)
class Measure:
    """`sums` of detected and true keyframes (k,T) and lengths (k,)."""

    title: str
    help: str
    sums: Callable[[Times, Times, Lengths], Sums]


def _f1(counts: NDArray[np.int64]) -> Sums:
    """From (matched, detected, true) of every episode (k,3)."""
    return np.stack([2 * counts[:, 0], counts[:, 1] + counts[:, 2]], axis=1).astype(np.float64)


def _within(tolerance: int, detected: Times, true: Times, lengths: Lengths) -> Sums:
    return _f1(np.stack([matches(detected, true, tolerance), detected.sum(1), true.sum(1)], axis=1))


def _share(detected: Times, true: Times, lengths: Lengths) -> Sums:
    return _f1(segments.counts_within(detected, true, lengths))


def _overlapping(overlap: float, detected: Times, true: Times, lengths: Lengths) -> Sums:
    return _f1(segments.counts_overlapping(detected, true, lengths, overlap))


def _edit(detected: Times, true: Times, lengths: Lengths) -> Sums:
    return np.stack([segments.edit_scores(detected, true, lengths), np.ones(len(true))], axis=1)


MEASURES: dict[str, Measure] = {
    "f1_0": Measure("F1", "keyframes at the very frame of an event", partial(_within, 0)),
    "f1_1": Measure("F1 ±1", "at most one frame away", partial(_within, 1)),
    "f1_2": Measure("F1 ±2", "at most two frames away", partial(_within, 2)),
    "f1_5percent": Measure("F1 ±5 %", "at most 5 % of the episode's length away", _share),
    "iou_10": Measure("@10", "F1 of the segments between keyframes that overlap by 10 %", partial(_overlapping, 0.1)),
    "iou_25": Measure("@25", "by 25 %", partial(_overlapping, 0.25)),
    "iou_50": Measure("@50", "by 50 %", partial(_overlapping, 0.5)),
    "edit": Measure("edit", "segments in their order, whatever their exact bounds; mean over episodes", _edit),
}


def score(sets: Sequence[Sums], seed: int) -> Score:
    """A figure from the sums (k,2) of one set of keyframes or of several, of which it is the mean: all have as many keyframes."""
    sums = np.sum(sets, axis=0)
    value = float(_ratio(sums.sum(0)[:, None])[0])
    return Score(value=value, ci95=list(interval_of_ratio(sums, _ratio, RESAMPLES, seed)))


def difference(ours: Sequence[Sums], theirs: Sequence[Sums], to: str, seed: int) -> Difference:
    """A row's figure less that of the row `to`; whole episodes are sampled, the same for both."""
    sums = np.concatenate([np.sum(ours, axis=0), np.sum(theirs, axis=0)], axis=1)
    value = float(_less(sums.sum(0)[:, None])[0])
    return Difference(value=value, ci95=list(interval_of_ratio(sums, _less, RESAMPLES, seed)), to=to)


def _ratio(sums: Floats) -> Floats:
    """Of sums (2,…) the first over the second; 0/0 is 0."""
    above, below = sums
    found: Floats = above / np.where(below > 0, below, 1.0)
    return found


def _less(sums: Floats) -> Floats:
    found: Floats = _ratio(sums[:2]) - _ratio(sums[2:])
    return found
