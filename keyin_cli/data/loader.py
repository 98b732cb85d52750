"""What training reads: a split in memory, and the order in which it is visited.

Order and randomness are functions of (seed, step), so a run that was interrupted sees what it would have seen.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from keyin_cli.data.store import Dataset
from keyin_cli.errors import InputError


def load_frames(dataset: Dataset, split: str, frames: int, limit: int | None = None) -> NDArray[np.uint8]:
    """The first `frames` frames of a split's sequences (at most `limit`): (n,frames,H,W,C) uint8.

    Raises:
        InputError: the split is empty.
    """
    indices = dataset.indices(split)[:limit]
    if not len(indices):
        raise InputError(f"{dataset.path} has no sequences in its {split} split: use another --split or a larger dataset")
    return dataset.read("frames", indices)[:, :frames]


def load_labels(dataset: Dataset, split: str, first: int, count: int, limit: int | None = None) -> NDArray[np.bool_]:
    """True keyframes among the frames `first` … `first + count - 1`, for evaluation only: (n,count) bool.

    The last of these frames is never a label: a change there cannot be seen.
    """
    labels: NDArray[np.bool_] = dataset.read("keyframes", dataset.indices(split)[:limit])[:, first : first + count].copy()
    labels[:, -1] = False
    return labels


def batch_indices(seed: int, step: int, n: int, batch: int) -> NDArray[np.int64]:
    """The sequences (batch,) of one step: consecutive pieces of one permutation per epoch, none dropped."""
    positions = np.arange(step * batch, (step + 1) * batch)
    return np.stack([_permutation(seed, int(position // n), n)[position % n] for position in positions])


def step_rng(seed: int, step: int) -> np.random.Generator:
    """The random numbers of one step."""
    return np.random.default_rng([seed, step])


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch, n]).permutation(n)
