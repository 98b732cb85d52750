"""What can be counted in a dataset. Read from its small arrays: frames, which may not fit into memory, are never touched.

A histogram is a list: its k-th entry counts what happens at frame k, or what lasts k frames. Lengths are in table units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.kind import kind_of_dataset
from keyin_cli.datasets.sequences import SPLITS
from keyin_cli.datasets.store import Dataset

Times = NDArray[np.bool_]


def statistics(dataset: Dataset) -> dict[str, Any]:
    """Count what is in a dataset.

    Returns:
        A JSON-able object: `sequences`, `frames` (T) and `splits` (sequences of each); with labels also what `of_keyframes`
        returns; and what the dataset's kind counts.

    Raises:
        InputError: an array cannot be decoded.
    """
    everything = np.arange(dataset.n)
    splits = {split: len(dataset.indices(split)) for split in SPLITS}
    found: dict[str, Any] = {"sequences": dataset.n, "frames": dataset.frames, "splits": splits}
    if dataset.labelled:
        found |= of_keyframes(dataset.read("keyframes", everything))
    kind = kind_of_dataset(dataset)
    return found | (kind.statistics(dataset) if kind and kind.statistics else {})


def of_keyframes(keyframes: Times) -> dict[str, Any]:
    """Statistics of labels (n,T) bool.

    Returns:
        `keyframes_per_sequence` (mean), and histograms of length T: `keyframe_times`, and `frames_between_keyframes` of one
        sequence that follow each other.
    """
    sequence, time = np.nonzero(keyframes)
    between = np.diff(time)[np.diff(sequence) == 0]
    return {
        "keyframes_per_sequence": float(keyframes.sum(axis=1).mean()),
        "keyframe_times": keyframes.sum(axis=0).tolist(),
        "frames_between_keyframes": histogram(between, keyframes.shape[1]),
    }


def histogram(frames: NDArray[np.integer[Any]], length: int) -> list[int]:
    """How often each number of frames, 0 to at least `length` - 1, occurs."""
    return np.bincount(frames.ravel(), minlength=length).tolist()
