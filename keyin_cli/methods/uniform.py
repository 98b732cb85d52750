"""Chance that is told the answer's size: as many keyframes as there are true ones, evenly spaced."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.selector import Frames, Inpainting, Times
from keyin_cli.errors import InputError
from keyin_cli.methods.method import Method


class UniformSelector(Inpainting):
    def select(self, frames: Frames) -> Times:
        raise InputError("uniform is told the true number of keyframes: only `keyin eval-f1` on data with labels can use it")

    def select_told(self, frames: Frames, counts: NDArray[np.int64]) -> Times:
        predicted = self.sources.recipe.window.predicted
        times = np.zeros((len(frames), predicted), dtype=np.bool_)
        for row, count in enumerate(counts):
            at = np.rint(np.arange(1, count + 1) * predicted / (count + 1)).astype(int)  # times 1…N
            times[row, at - 1] = True
        return times


METHOD = Method(
    name="uniform",
    help="as many keyframes as there are true ones, evenly spaced; it is told their number",
    order=97,
    selectors={"": UniformSelector},
)
