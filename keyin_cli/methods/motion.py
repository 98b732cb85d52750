"""Motion minima: keyframes where less changes than before and after. A rule of old; nothing in it is learned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import knobs, parts
from keyin_cli.discovery.embedding import EMBEDDINGS
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Floats, Times
from keyin_cli.discovery.rests import depths
from keyin_cli.methods.method import Method

USUAL = 1.0  # deviations of an episode's motion: set before any score was seen


def motion(changes: Floats) -> NDArray[np.float64]:
    """How much moves around each frame (n,): the mean of the changes (n-1,) from the frame before and to the frame after."""
    changes = changes.astype(np.float64)
    if not len(changes):
        return np.zeros(1)
    return (np.concatenate([changes[:1], changes]) + np.concatenate([changes, changes[-1:]])) / 2


def pixel_changes(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Root mean square difference of neighbouring frames (n,H,W,C): (n-1,)."""
    return np.array([np.sqrt(np.mean((after.astype(np.float32) - before) ** 2)) for before, after in pairwise(frames)])


class Motion:
    """Evidence: how deep each minimum is (n,), in deviations of the episode's motion."""

    knob, usual, own = "depth", USUAL, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        self.embedding = EMBEDDINGS[view](episodes, "motion") if view == SIGNALS else None

    def look(self, episode: Demonstration) -> Evidence:
        if self.embedding is None:
            moved = motion(pixel_changes(episode.frames))
        else:
            moved = motion(np.linalg.norm(np.diff(self.embedding(episode), axis=0), axis=1))
        deviation = moved.std()
        return depths(moved) / deviation if deviation > 0 else np.zeros(len(episode))

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return knobs.threshold(evidence, wanted)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return parts.inner((evidence >= setting) & (evidence > 0))


METHOD = Method(
    name="motion",
    help="where less moves than before and after",
    order=88,
    peers={"pixels": partial(Motion, view=PIXELS), "signals": partial(Motion, view=SIGNALS)},
)
