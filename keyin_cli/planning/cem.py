"""The cross-entropy method for many problems at once: sample, keep the elites, refit a diagonal Gaussian, repeat.

Shapes: P problems, M samples, D... the shape of one sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Settings:
    """How much is sampled; by default as by the paper's servo (Table 3)."""

    samples: int = 200  # M, of subgoals M with a tilde
    elite_fraction: float = 0.05  # r
    iterations: int = 3  # each samples, keeps elites and refits

    @property
    def elites(self) -> int:
        """How many samples the next Gaussian is fitted to."""
        return max(1, round(self.elite_fraction * self.samples))


def minimise(cost: Callable[[Array], Array], noise: Array, elites: int) -> Array:
    """The best sample of the last iteration (Algorithms 1 and 4 of the paper), starting from N(0, I).

    Args:
        cost: (P,M,D...) -> (P,M).
        noise: standard normal numbers (iterations,P,M,D...).
        elites: how many of the best samples the next Gaussian is fitted to.

    Returns:
        (P,D...).
    """
    mean, deviation = np.zeros_like(noise[0, :, :1]), np.ones_like(noise[0, :, :1])
    best = noise[0, :, 0]
    for numbers in noise:
        samples = mean + deviation * numbers
        order = np.argsort(cost(samples), axis=1, kind="stable")[:, :elites]
        kept = np.take_along_axis(samples, order.reshape(*order.shape, *[1] * (samples.ndim - 2)), axis=1)
        mean, deviation = kept.mean(axis=1, keepdims=True), kept.std(axis=1, keepdims=True)
        best = kept[:, 0]
    return best
