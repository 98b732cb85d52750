"""Scores of keyframes by the segments between them. Pure functions on keyframes (k,T) of k episodes and their lengths (k,).

A keyframe is the last frame of its segment, so m keyframes cut an episode into m + 1 segments. A keyframe in the first or the
last frame, or behind the end, cuts nothing. Segments have no classes here, as keyframes have none: what is compared is where they
lie.
Every function gives figures of each episode, so that intervals over episodes can be made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.f1 import matches

Times = NDArray[np.bool_]
Lengths = NDArray[np.int64]
Counts = NDArray[np.int64]

SHARE = 0.05  # of an episode's length


def inner(times: Times, lengths: Lengths) -> Times:
    """Keyframes (k,T) that cut: none in first or last frames or behind them."""
    frames = np.arange(times.shape[1])
    return times & (frames > 0) & (frames < lengths[:, None] - 1)


def counts_within(detected: Times, true: Times, lengths: Lengths, share: float = SHARE) -> Counts:
    """(matched, detected, true) of every episode (k,3): keyframes at most a share of the episode's length apart, rounded down to
    frames, every keyframe in one pair at most."""
    detected, true = inner(detected, lengths), inner(true, lengths)
    rows = zip(detected, true, np.floor(share * lengths + 1e-9).astype(int).tolist(), strict=True)
    matched = [int(matches(mine[None], theirs[None], tolerance)[0]) for mine, theirs, tolerance in rows]
    return np.stack([np.array(matched, np.int64), detected.sum(1), true.sum(1)], axis=1)


def counts_overlapping(detected: Times, true: Times, lengths: Lengths, overlap: float) -> Counts:
    """(matched, detected, true) segments of every episode (k,3), for F1@IoU (Lea et al., 2017, with one class).

    Every detected segment, the earliest first, has one true segment that it overlaps most; it is matched when the intersection
    over their union is `overlap` or more, and no earlier segment was matched with the same.
    """
    found = []
    for row, length in enumerate(lengths):
        mine, theirs = bounds(detected[row], int(length)), bounds(true[row], int(length))
        over = overlaps(mine, theirs)
        best = over.argmax(1)
        fits = over[np.arange(len(mine)), best] >= overlap
        found.append((len(np.unique(best[fits])), len(mine), len(theirs)))
    return np.array(found, np.int64).reshape(-1, 3)


def edit_scores(detected: Times, true: Times, lengths: Lengths) -> NDArray[np.float64]:
    """Segmental edit score of every episode (k,), in [0,1], 1 when segments come as they should, whatever their exact bounds.

    The true segments are called 0, 1, 2, … in order of time; a detected segment has the name of the true one with which it has
    most frames in common, the earlier of equals. The score is 1 less Levenshtein's distance of these two sequences over the
    length of the longer. So a segment too many, too few or across several costs, a moved bound does not.
    """
    scores = []
    for row, length in enumerate(lengths):
        mine, theirs = bounds(detected[row], int(length)), bounds(true[row], int(length))
        names = common(mine, theirs).argmax(1)
        scores.append(1 - levenshtein(names, np.arange(len(theirs))) / max(len(mine), len(theirs)))
    return np.array(scores, np.float64)


def bounds(times: Times, length: int) -> NDArray[np.int64]:
    """Segments of an episode with keyframes (T,) in its `length` frames: (m+1,2), where each begins and where the next does."""
    cuts = np.flatnonzero(times[1 : max(length - 1, 1)]) + 2
    return np.stack([np.concatenate([[0], cuts]), np.concatenate([cuts, [length]])], axis=1).astype(np.int64)


def common(mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many frames every two segments (m,2) and (l,2) have in common: (m,l)."""
    ends, begins = np.minimum(mine[:, None, 1], theirs[None, :, 1]), np.maximum(mine[:, None, 0], theirs[None, :, 0])
    return np.maximum(ends - begins, 0)


def overlaps(mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union of every two segments (m,2) and (l,2): (m,l)."""
    both = common(mine, theirs)
    lengths = np.diff(mine, axis=1) + np.diff(theirs, axis=1).T
    return both / (lengths - both)


def levenshtein(one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """The least number of entries to insert, delete or replace that makes one sequence the other."""
    row = list(range(len(other) + 1))
    for i, entry in enumerate(one.tolist(), 1):
        before, row[0] = row[0], i
        for j, target in enumerate(other.tolist(), 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (entry != target))
    return row[-1]
