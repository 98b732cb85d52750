"""Random numbers that depend on (seed, index) alone, so that neither workers nor resuming change what is sampled."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.recipe import Split

Integers = NDArray[np.integer[Any]]


class Purpose(IntEnum):
    """What random numbers of the pushing world are for: no two purposes share any, so tasks for planning are never scenes of a
    dataset. A value decides what is sampled and never changes."""

    DATA = 0
    TASKS = 1
    FIGURES = 2
    SERVO = 3
    SUBGOALS = 4


def stream(seed: int, index: int, *counter: int) -> np.random.Generator:
    """The generator of (seed, index): counter-based, one for each `counter` of at most two numbers."""
    purpose, part = (*counter, 0, 0)[:2]
    return np.random.Generator(np.random.Philox(key=[seed, index], counter=[0, 0, purpose, part]))


def uniform(seed: int, indices: Integers, count: int, *counter: int) -> NDArray[np.float64]:
    """`count` numbers in [0, 1) for each index: (n,count) float64."""
    return np.stack([stream(seed, int(index), *counter).random(count) for index in indices])


def splits(split: Split, numbers: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Splits (0 train, 1 val, 2 test) from uniform numbers: (n,) uint8."""
    return np.digitize(numbers, (split.train, split.train + split.val)).astype(np.uint8)
