"""Chance: M offsets sampled uniformly from 1…S; in planning, actions sampled uniformly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keyin_cli.discovery.f1 import f1
from keyin_cli.discovery.selector import Frames, Inpainting, Times
from keyin_cli.methods.method import Method
from keyin_cli.methods.none import propose

SAMPLES = 50  # for the expected value of F1


class RandomSelector(Inpainting):
    """The sample of a sequence depends on the seed and its place in the split."""

    def select(self, frames: Frames) -> Times:
        window = self.sources.recipe.window
        offsets = np.random.default_rng(self.sources.seed).integers(1, window.max_offset + 1, (len(frames), window.keyframes))
        at = offsets.cumsum(axis=1)
        return (at[:, :, None] == np.arange(1, window.predicted + 1)).any(axis=1)

    def expected_f1(self, frames: Frames, labels: Times) -> float:
        """Mean F1 (tolerance 0) over SAMPLES samples."""
        samples = [RandomSelector(replace(self.sources, seed=seed)).select(frames) for seed in range(SAMPLES)]
        return float(np.mean([f1(each, labels, 0) for each in samples]))


METHOD = Method(
    name="random",
    help="random offsets; in planning, random actions",
    order=100,
    selectors={"": RandomSelector},
    proposers={"": propose},
    servo="random",
)
