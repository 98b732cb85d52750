"""Keyframes by surprise (Algorithm 3): the times at which a frame-by-frame model needs its latent most. Pure functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def peaks(scores: NDArray[np.floating], count: int) -> NDArray[np.bool_]:
    """The `count` most surprising times (Algorithm 3): peaks first, then the largest of the rest. (n,L) -> (n,L) bool.

    A peak is greater than both neighbours (the printed algorithm has a sign error); the first and the last time have one.
    """
    padded = np.pad(scores, ((0, 0), (1, 1)), constant_values=-np.inf)
    is_peak = (scores > padded[:, :-2]) & (scores > padded[:, 2:])
    order = np.lexsort((-scores, ~is_peak), axis=1)[:, :count]
    chosen = np.zeros(scores.shape, dtype=np.bool_)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen
