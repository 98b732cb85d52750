"""What stands still in an episode, its mean frame, and what differs from it.

Cameras stand still and scenes differ from episode to episode: a model that is shown differences need not learn every scene.
Differences reach from -255 to 255 and are kept in bytes at half their precision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import FRAMES, READ, Episodes

MIDDLE = 127.5  # the byte, as it were, of no difference


def mean_frame(episodes: Episodes, index: int) -> NDArray[np.float32]:
    """The mean (H,W,C) of all frames of an episode, in [0,255]."""
    begin, end = int(episodes.begins[index]), int(episodes.ends[index])
    total = np.zeros(episodes.image, np.float64)
    for first in range(begin, end, READ):
        total += episodes.read(FRAMES, first, min(first + READ, end)).sum(0, dtype=np.float64)
    return (total / max(1, end - begin)).astype(np.float32)


def difference(frames: NDArray[np.uint8], mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Half the difference of frames (…,H,W,C) from a mean frame, as bytes around `MIDDLE`."""
    found: NDArray[np.uint8] = np.rint((frames - mean) / 2 + MIDDLE).astype(np.uint8)
    return found


def restored(differences: NDArray[np.uint8], mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The frames (…,H,W,C) of differences, to within one step of a byte."""
    found: NDArray[np.uint8] = np.clip(np.rint(2 * (differences - np.float32(MIDDLE)) + mean), 0, 255).astype(np.uint8)
    return found
