"""Keyframes at a constant offset: the one with the shortest description of the training sequences under the interpolator."""

from __future__ import annotations

import numpy as np

from keyin_cli.discovery.selector import Frames, Inpainting, Sources, Times
from keyin_cli.methods.method import Method
from keyin_cli.progress import track


class ConstantSelector(Inpainting):
    def __init__(self, sources: Sources) -> None:
        from keyin_cli.model.search import chain_costs

        super().__init__(sources)
        window, price = sources.recipe.window, sources.price
        training = sources.training()
        with track("constant", len(training)) as advance:
            costs = sources.costs(training, advance)
        lengths = [
            chain_costs(costs, self._times(len(costs), offset), price).mean() for offset in range(1, window.max_offset + 1)
        ]
        self.settings = {"price": price, "offset": float(np.argmin(lengths) + 1)}

    def select(self, frames: Frames) -> Times:
        return self._times(len(frames), int(self.settings["offset"]))

    def _times(self, n: int, offset: int) -> Times:
        window = self.sources.recipe.window
        times = np.zeros((n, window.predicted), dtype=np.bool_)
        times[:, offset - 1 : offset * window.keyframes : offset] = True
        return times


METHOD = Method(
    name="constant",
    help="every keyframe at the same offset, the one that describes training sequences best",
    order=90,
    selectors={"": ConstantSelector},
)
