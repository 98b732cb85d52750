"""Where motion rests. A step of a demonstration ends with a stop: what moves arrives, stands for a moment, perhaps grasps, and
moves on. Its keyframe is the last frame of the rest. Nothing here is learned.

The motion of a frame is what changes from it to the next one; a rest is a local minimum of that which is deep, and the frames
around it. So the next frame still looks like a keyframe, the one after it does not. Depth and width were set on demonstrations of
a robot arm with labels in view (RESULTS.md, 2026-11-28).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

DEPTH = 0.4  # of a rest at least, in roots of deviations of the episode's motion
WIDTH = 0.25  # of the depth, up to which motion belongs to the rest
BLOCKS = 32  # along a side of an image: the means of smaller blocks are compared, so that edges flicker less
PIECE = 256  # frames that are read at once


def image_changes(frames: NDArray[Any]) -> NDArray[np.float64]:
    """Root mean square of the differences between neighbouring images (n,H,W,C), of means of blocks: (n-1,)."""
    side = max(1, min(frames.shape[1:3]) // BLOCKS)
    count, height, width = len(frames), frames.shape[1] // side, frames.shape[2] // side
    cut = frames[:, : height * side, : width * side].astype(np.float32)
    means = cut.reshape(count, height, side, width, side, -1).mean((2, 4))
    return np.sqrt((np.diff(means, axis=0) ** 2).mean((1, 2, 3), dtype=np.float64))


def signal_changes(signals: Floats, usual: Floats) -> NDArray[np.float64]:
    """Mean size of the changes of signals (n,D), each in terms of what is `usual` (D,): (n-1,). A signal that jumps, such as a
    contact, counts as much as one that moves slowly; those of which no change is usual are left out."""
    moving = usual > 0
    if not moving.any():
        return np.zeros(max(len(signals) - 1, 0))
    return (np.abs(np.diff(signals[:, moving].astype(np.float64), axis=0)) / usual[moving]).mean(1)


def usual_changes(changes: Floats) -> NDArray[np.float64]:
    """Root mean square of changes of signals (m,D) from frame to frame: (D,); 0 where there are none."""
    if not len(changes):
        return np.zeros(changes.shape[1])
    return np.asarray(np.sqrt((changes.astype(np.float64) ** 2).mean(0)))


def in_pieces(read: Callable[[int, int], NDArray[Any]], count: int, changes: Callable[[NDArray[Any]], Floats]) -> Floats:
    """The changes (count-1,…) of an episode of `count` frames that is read some frames at a time."""
    pieces = [changes(read(begin, min(begin + PIECE + 1, count))) for begin in range(0, count - 1, PIECE)]
    return np.concatenate(pieces) if pieces else changes(read(0, count))


def depths(values: Floats) -> NDArray[np.float64]:
    """How deep every local minimum of a sequence (n,) is, 0 elsewhere: how far one has to climb from it to get to a lower one, or
    to an end. Of equal neighbours the first has the minimum."""
    n, found = len(values), np.zeros(len(values))
    for t in range(1, n - 1):
        behind = t
        while behind < n - 1 and values[behind] == values[t]:
            behind += 1
        if values[t - 1] > values[t] and values[behind] > values[t]:
            found[t] = min(_climb(values[t - 1 :: -1], values[t]), _climb(values[behind:], values[t]))
    return found


def rests(changes: Floats) -> NDArray[np.float64]:
    """How deep the rest is that ends with each frame of an episode, 0 where none does.

    Args:
        changes: (n-1,), from each frame to the next.

    Returns:
        (n,), 0 in the first and the last frame: no motion is seen before or after.
    """
    found, deviation = np.zeros(len(changes) + 1), changes.std() if len(changes) else 0.0
    if deviation > 0:
        motion = np.sqrt(changes / deviation)  # the root, so that a slow episode has rests as deep as one with a few jerks
        depth = depths(motion)
        for lowest in np.flatnonzero(depth):
            most, last = motion[lowest] + WIDTH * depth[lowest], lowest
            while last + 1 < len(motion) and motion[last + 1] <= most:
                last += 1
            found[last] = max(found[last], depth[lowest])
    return found


def _climb(values: Floats, low: float) -> float:
    lower = np.flatnonzero(values < low)
    return float(values[: lower[0] if len(lower) else None].max() - low)
