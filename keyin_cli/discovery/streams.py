"""What networks that learn from whole demonstrations are given of a frame: embedded features and, where they ask, actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import parts
from keyin_cli.discovery.embedding import EMBEDDINGS, STILL, Embedding
from keyin_cli.discovery.peer import ACTIONS, Demonstration

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Streams:
    """Features whose values have deviation 1 taken together, so that components keep their order; actions that have each.

    Attributes:
        embedding: of frames.
        size: what its values are multiplied by.
        mean: of each of A actions; None where nobody asks for them.
        scale: what each less its mean is multiplied by, 0 for one that never changes.
    """

    embedding: Embedding
    size: float
    mean: NDArray[np.floating[Any]] | None = None
    scale: NDArray[np.floating[Any]] | None = None

    def __call__(self, episode: Demonstration) -> tuple[Array, Array]:
        """Features (n,F) and actions (n,A), A = 0 where nobody asks for them."""
        features = np.asarray(self.embedding(episode) * np.float32(self.size), np.float32)
        if self.mean is None or self.scale is None:
            return features, np.zeros((len(episode), 0), np.float32)
        actions = parts.part(episode, ACTIONS, self.embedding.method).astype(np.float64)
        return features, ((actions - self.mean) * self.scale).astype(np.float32)


def streams(episodes: Sequence[Demonstration], method: str, view: str, actions: bool) -> Streams:
    """Set from all demonstrations of a dataset, of which `view` is looked at.

    Raises:
        InputError: the dataset has no signals, or no actions, and they are asked for; `method` is who does.
    """
    mean = scale = None
    if actions:
        done = np.concatenate([parts.part(episode, ACTIONS, method) for episode in episodes]).astype(np.float64)
        mean, deviation = done.mean(0), done.std(0)
        moving = deviation > STILL * np.abs(done).max(0)
        scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=moving)
    embedding = EMBEDDINGS[view](episodes, method)
    square = np.mean([float(np.square(embedding(episode), dtype=np.float64).mean()) for episode in episodes])
    return Streams(embedding, 1 / max(float(np.sqrt(square)), STILL), mean, scale)
