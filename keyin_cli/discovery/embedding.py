"""Frames of demonstrations as a few numbers, for methods that compare frames: principal components of pixels, or signals on one
scale. Both are set from all demonstrations of a dataset, and deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import parts
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration

COMPONENTS = 32
MOST_FRAMES, MOST_VALUES = 2000, 2**25  # from which components are found: 128 MiB of float32
RELEVANT = 1e-6  # variance of a component, relative to the largest: below it float32 has noise
STILL = 1e-6  # deviation, relative to the largest value, of a signal that does not change


@dataclass(frozen=True)
class Embedding:
    """What is seen of a frame (P,) -> F numbers: less `mean` (P,), then pixels times `basis` (P,F), signals times `scale` (P,).

    `method` is who looks, for an error.
    """

    method: str
    mean: NDArray[np.floating[Any]]
    basis: NDArray[np.float32] | None = None
    scale: NDArray[np.float64] | None = None

    def __call__(self, episode: Demonstration) -> NDArray[np.float32]:
        """The embeddings of an episode's frames: (n,F) float32."""
        if self.basis is not None:
            return np.asarray((_flat(episode) - self.mean) @ self.basis, np.float32)
        assert self.scale is not None
        return np.asarray((parts.signals(episode, self.method) - self.mean) * self.scale, np.float32)


def of_pixels(episodes: Sequence[Demonstration], method: str) -> Embedding:
    """The first `COMPONENTS` principal components of pixels in [0,1]; distances between embeddings are those between images, less
    what the other components have."""
    some = _sample(episodes)
    mean = some.mean(0, dtype=np.float64).astype(np.float32)
    return Embedding(method, mean, basis=components(some - mean, COMPONENTS))


def of_signals(episodes: Sequence[Demonstration], method: str) -> Embedding:
    """Signals of mean 0 and deviation 1 over all episodes; those that do not change are 0.

    Raises:
        InputError: the dataset has no signals.
    """
    values = np.concatenate([parts.signals(episode, method) for episode in episodes]).astype(np.float64)
    mean, deviation = values.mean(0), values.std(0)
    moving = deviation > STILL * np.abs(values).max(0)
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=moving)
    return Embedding(method, mean, scale=scale)  # of float64: some signals are too large or too small for float32's range


def components(centred: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The first principal axes (P,F) of centred values (m,P), F = `count` or as many as there are, the largest first. Where
    nothing changes there is one, of zeros.

    Found from the inner products of the rows (m,m), as there are fewer frames than pixels. The entry of an axis that is
    largest is positive: an axis is as good as its opposite, and the choice should not be the library's.
    """
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    order = np.argsort(-values, kind="stable")[:count]
    order = order[values[order] > max(values[-1], 0) * RELEVANT]
    if not len(order):
        return np.zeros((centred.shape[1], 1), np.float32)
    axes = centred.T @ (vectors[:, order] / np.sqrt(values[order])).astype(np.float32)
    largest = np.abs(axes).argmax(0)
    return np.asarray(axes * np.sign(axes[largest, np.arange(axes.shape[1])]), np.float32)


def _sample(episodes: Sequence[Demonstration]) -> NDArray[np.float32]:
    """Frames of all episodes at equal distances, in time order: (m,P)."""
    lengths = np.array([len(episode) for episode in episodes])
    pixels = int(np.prod(episodes[0].frames.shape[1:]))
    most = max(min(MOST_FRAMES, MOST_VALUES // max(pixels, 1)), 2)
    chosen = np.unique(np.linspace(0, lengths.sum() - 1, min(most, int(lengths.sum()))).astype(np.int64))
    ends = lengths.cumsum()
    rows = [
        _flat(episode, chosen[(chosen >= end - n) & (chosen < end)] - (end - n))
        for episode, n, end in zip(episodes, lengths, ends, strict=True)
    ]
    return np.concatenate(rows)


def _flat(episode: Demonstration, which: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
    """Frames as rows of pixels in [0,1]."""
    frames = episode.frames[which]
    return np.asarray(frames.reshape(len(frames), -1) / np.float32(255), np.float32)


EMBEDDINGS = {PIXELS: of_pixels, SIGNALS: of_signals}
