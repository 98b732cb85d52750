"""What training reads: a split, decoded once, and the order in which it is visited.

A split that takes more than `SHARE` of the free memory is decoded into a file of `storage.cache()` and mapped from there: the
operating system keeps in memory what fits, several processes share it, and the next run finds it. Which of the two it is changes
no value.

Order and randomness are functions of (seed, step), so a run that was interrupted sees what it would have seen.
"""

from __future__ import annotations

import math
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import machine, storage
from keyin_cli.datasets.sequences import Sequences
from keyin_cli.errors import InputError, RunError
from keyin_cli.recipe import digest

SHARE = 0.25  # of the free memory


def load_frames(dataset: Sequences, split: str, frames: int, limit: int | None = None, shared: bool = False) -> NDArray[Any]:
    """The first `frames` frames of a split's sequences (at most `limit`): (n,frames,H,W,C) uint8, or as `Sequences` has them.

    Args:
        shared: other processes of this machine read the same, so map it whatever its size.

    Raises:
        InputError: the split is empty.
        RunError: it has to be written to a disk that has no room for it.
    """
    indices = first_of(dataset, split, limit)
    size = len(indices) * frames * math.prod(dataset.image) * dataset.dtype.itemsize
    if shared or size > SHARE * machine.free_memory():
        return _mapped(dataset, indices, frames, size)
    return dataset.read("frames", indices, frames)


def load_splits(dataset: Sequences, frames: int, shared: bool) -> dict[str, NDArray[Any]]:
    """The frames of `train` and `val`, see `load_frames`; one array where they are the same sequences, as those of few episodes
    are."""
    train = load_frames(dataset, "train", frames, shared=shared)
    same = np.array_equal(dataset.indices("train"), dataset.indices("val"))
    return {"train": train, "val": train if same else load_frames(dataset, "val", frames, shared=shared)}


def first_of(dataset: Sequences, split: str, limit: int | None = None) -> NDArray[np.int64]:
    """The sequences (n,) of a split, at most `limit`.

    Raises:
        InputError: the split is empty.
    """
    indices = dataset.indices(split)[:limit]
    if not len(indices):
        raise InputError(f"{dataset.path} has no sequences in its {split} split: use another --split or a larger dataset")
    return indices


def _mapped(dataset: Sequences, indices: NDArray[np.int64], frames: int, size: int) -> NDArray[Any]:
    """The frames (n,frames,H,W,C) in a file that is mapped into memory; it is written when it is not there."""
    key = digest([dataset.sha256, indices.tolist(), frames])
    path = storage.cache() / f"{dataset.path.stem}-{key[:16]}.npy"

    def fill(beside: Path) -> None:
        header = {"descr": dataset.dtype.str, "fortran_order": False, "shape": (len(indices), frames, *dataset.image)}
        with beside.open("wb") as file:  # not through a map: a full disk would kill the process there
            np.lib.format.write_array_header_1_0(file, header)
            for piece in dataset.pieces("frames", indices, frames):
                file.write(np.ascontiguousarray(piece).data)

    if not path.is_file():
        with storage.locked(path):
            if not path.is_file():  # else another command made it while this one waited
                free = shutil.disk_usage(path.parent).free
                if free < size:
                    needed = f"{size / 1e9:.1f} GB for the decoded frames of {dataset.path}, {free / 1e9:.1f} GB are free"
                    raise RunError(f"{path.parent} needs {needed}: make room, or take fewer sequences")
                storage.replace(path, fill)
    # Copy on write, because torch warns of arrays that cannot be written; nothing writes to it.
    return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))


def load_labels(dataset: Sequences, split: str, first: int, count: int, limit: int | None = None) -> NDArray[np.bool_]:
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


@lru_cache(maxsize=4)  # train and val, each at the turn of an epoch
def _permutation(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch, n]).permutation(n)
