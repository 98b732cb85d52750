"""What can be counted in a dataset of the pushing world. Lengths are in table units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.geometry import TOUCHING, line_clearance, shortest_path
from keyin_cli.datasets.statistics import histogram
from keyin_cli.datasets.store import Dataset

BINS = 40  # of lengths

Times = NDArray[np.bool_]
Array = NDArray[np.floating[Any]]


def of_dataset(dataset: Dataset) -> dict[str, Any]:
    """`of_pushing` of all sequences of a dataset.

    Raises:
        InputError: an array cannot be decoded.
    """
    names = ("keyframes", "states", "wall", "goal", "attempts")
    return of_pushing(*(dataset.read(name, np.arange(dataset.n)) for name in names))


def of_pushing(keyframes: Times, states: Array, wall: Array, goal: Array, attempts: NDArray[np.integer[Any]]) -> dict[str, Any]:
    """Statistics of n demonstrations of T frames and K pushes.

    Args:
        keyframes: (n,T) bool, K of them in every row: the frames at which pushes are over.
        states: (n,T,2 or more), the puck's x and y first.
        wall: (n,2), their centres.
        goal: (n,2).
        attempts: (n,) integers, how many the rule made until it succeeded.

    Returns:
        `pushes_per_sequence` (K); the histogram `frames_per_push`, of length T; `sides`, the shares of demonstrations that go
        around the wall's left and right end as seen in a frame; `straight_line_blocked`, the share in which the wall is in
        the way from start to goal; `success_rate` of the rule's attempts; `lengths`: `edges` of bins, and of the
        `shortest` path and of the `puck`'s own (the line through its saved positions) `mean`, `min`, `max` and `counts`.
    """
    puck, wall, goal = (array.astype(np.float64) for array in (states[..., :2], wall, goal))
    start = puck[:, 0]
    frames_per_push = np.diff(np.nonzero(keyframes)[1].reshape(len(keyframes), -1), axis=1, prepend=0)
    lengths = {
        "shortest": shortest_path(start, goal, wall),
        "puck": np.linalg.norm(np.diff(puck, axis=1), axis=-1).sum(axis=1),
    }
    edges = np.histogram_bin_edges(np.concatenate(list(lengths.values())), BINS)
    return {
        "pushes_per_sequence": frames_per_push.shape[1],
        "frames_per_push": histogram(frames_per_push, keyframes.shape[1]),
        "sides": sides(puck, wall),
        "straight_line_blocked": float((line_clearance(start, goal, wall) < -TOUCHING).mean()),
        "success_rate": len(attempts) / int(attempts.sum()),
        "lengths": {"edges": edges.tolist(), **{name: _spread(length, edges) for name, length in lengths.items()}},
    }


def sides(path: Array, wall: Array) -> dict[str, float]:
    """Shares of paths (n,T,2) that go around the `left` and the `right` end of their walls, centred at (n,2), as seen in a frame.

    Those that never reach the far side are in neither.
    """
    relative = path - wall[:, None]
    after = (relative[..., 1] >= 0).argmax(axis=1)  # first on the far side; all start on the near side
    crosses, places = after > 0, np.maximum(after, 1)[:, None, None]
    (x0, y0), (x1, y1) = (np.take_along_axis(relative, place, 1)[:, 0].T for place in (places - 1, places))
    along = x0 + (x1 - x0) * y0 / np.where(crosses, y0 - y1, 1)
    return {"left": float((crosses & (along < 0)).mean()), "right": float((crosses & (along >= 0)).mean())}


def _spread(lengths: Array, edges: Array) -> dict[str, Any]:
    counts = np.histogram(lengths, edges)[0].tolist()
    return {"mean": float(lengths.mean()), "min": float(lengths.min()), "max": float(lengths.max()), "counts": counts}
