"""Everything that names keyframes, behind one signature (see `context.Selector`).

A new method is one class here (or one file) and one line in `SELECTORS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np

from keyin_cli.discovery.f1 import f1
from keyin_cli.discovery.selector import Context, Frames, Inpainting, Selector, Times, batches, to_frames
from keyin_cli.errors import InputError
from keyin_cli.model.encoder import to_images
from keyin_cli.model.search import Costs, chain_costs, cheapest_chain, named_earlier
from keyin_cli.model.surprise import peaks
from keyin_cli.model.svg import Svg
from keyin_cli.progress import track

VARIANTS = ("jumpy", "static", "soft-embeddings", "soft-pixels")  # keyframe models that are trained like KeyIn
EXPECTED_DRAWS = 50  # of the selector random, for the expected value of its F1


class KeyInSelector:
    """Argmax offsets of a trained keyframe model at the posterior's mean (SPEC section 5): KeyIn's, or that of a baseline."""

    def __init__(self, context: Context, stage: str = "keyin") -> None:
        self.stage, self.model = stage, context.keyin(stage)
        self.device, self.settings = context.device, dict[str, float]()

    def select(self, frames: Frames) -> Times:
        times = []
        with track(self.stage, len(frames)) as advance:
            for batch in batches(frames):
                times.append(self.model.detect(to_images(batch, self.device)).cpu().numpy())
                advance(len(batch))
        return np.concatenate(times)

    def predict(self, frames: Frames) -> Frames:
        return to_frames(self.model.reconstruct(to_images(frames, self.device)))


class SearchSelector(Inpainting):
    """Exact search over the frozen interpolator (see `search.py`)."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.settings = {"price": context.price}

    def select(self, frames: Frames) -> Times:
        with track("search", len(frames)) as advance:
            costs = self.context.costs(frames, advance)
        return named_earlier(cheapest_chain(costs, self.settings["price"]), self.context.recipe.discovery.earlier)


class RefinedSelector(Inpainting):
    """KeyIn's keyframes, each moved frame by frame for as long as that shortens the sequence's description (see `search.py`)."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.named, self.settings = KeyInSelector(context), {"price": context.price}

    def select(self, frames: Frames) -> Times:
        named, by = self.named.select(frames), self.context.recipe.discovery.earlier
        with track("refining", len(frames)) as advance:
            costs = self.context.costs(frames, advance)
        found = np.roll(named, by, axis=1)  # a keyframe named so late that the search would find it after the end stays as it is
        found[:, :by] = False
        refined = named_earlier(refine(costs, found), by)
        refined[:, named.shape[1] - by :] = named[:, named.shape[1] - by :]
        return refined


def refine(costs: Costs, times: Times) -> Times:
    """Local search from keyframes (n,N) over segment costs (n,N+1,S): the best move of one keyframe by a frame, over and over."""
    times = times.copy()
    for row, cost in enumerate(costs):
        length = chain_costs(cost[None], times[row : row + 1], 0.0)[0]
        improved = True
        while improved:
            tried = (moved(times[row], int(at), by) for at, by in product(np.flatnonzero(times[row]), (-1, 1)))
            moves = [move for move in tried if move is not None]
            if not moves:
                break
            lengths = chain_costs(np.broadcast_to(cost, (len(moves), *cost.shape)), np.stack(moves), 0.0)
            improved = bool(lengths.min() < length)
            if improved:
                times[row], length = moves[int(lengths.argmin())], lengths.min()
    return times


def moved(times: Times, at: int, by: int) -> Times | None:
    """Keyframes (N,) with the one at index `at` moved; None where it would leave the sequence or meet another."""
    if not 0 <= at + by < len(times) or times[at + by]:
        return None
    new = times.copy()
    new[[at, at + by]] = False, True
    return new


class SurpriseSelector(Inpainting):
    """The M most surprising frames of SVG-FP (Algorithm 3).

    A change of direction at frame t is first seen in frame t + 1, so the frame before the surprising one is the keyframe.
    """

    def select(self, frames: Frames) -> Times:
        model, window = self.context.models.get("surprise"), self.context.recipe.window
        if not isinstance(model, Svg):
            raise InputError("surprise needs a checkpoint of `keyin baseline surprise`, which is not there")
        times = np.zeros((len(frames), window.predicted), dtype=np.bool_)
        with track("surprise", len(frames)) as advance:
            scores = []
            for batch in batches(frames):
                surprise = model.surprise(to_images(batch, self.context.device)).cpu().numpy()
                scores.append(surprise[:, window.conditioning :])
                advance(len(batch))
        times[:, :-1] = peaks(np.concatenate(scores), window.keyframes)
        return times


class ConstantSelector(Inpainting):
    """Keyframes at a constant offset: the one with the shortest description of the training sequences under the interpolator."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        window, price = context.recipe.window, context.price
        training = context.training()
        with track("constant", len(training)) as advance:
            costs = context.costs(training, advance)
        lengths = [
            chain_costs(costs, self._times(len(costs), offset), price).mean() for offset in range(1, window.max_offset + 1)
        ]
        self.settings = {"price": price, "offset": float(np.argmin(lengths) + 1)}

    def select(self, frames: Frames) -> Times:
        return self._times(len(frames), int(self.settings["offset"]))

    def _times(self, n: int, offset: int) -> Times:
        window = self.context.recipe.window
        times = np.zeros((n, window.predicted), dtype=np.bool_)
        times[:, offset - 1 : offset * window.keyframes : offset] = True
        return times


class RandomSelector(Inpainting):
    """M offsets drawn uniformly from 1…S; the draw of a sequence depends on the seed and its place in the split."""

    def select(self, frames: Frames) -> Times:
        window = self.context.recipe.window
        offsets = np.random.default_rng(self.context.seed).integers(1, window.max_offset + 1, (len(frames), window.keyframes))
        at = offsets.cumsum(axis=1)
        return (at[:, :, None] == np.arange(1, window.predicted + 1)).any(axis=1)

    def expected_f1(self, frames: Frames, labels: Times) -> float:
        """Mean F1 (tolerance 0) over EXPECTED_DRAWS draws."""
        draws = [RandomSelector(replace(self.context, seed=seed)).select(frames) for seed in range(EXPECTED_DRAWS)]
        return float(np.mean([f1(draw, labels, 0) for draw in draws]))


SELECTORS: dict[str, Callable[[Context], Selector]] = {
    "keyin": KeyInSelector,
    "keyin+refine": RefinedSelector,
    "search": SearchSelector,
    "surprise": SurpriseSelector,
    **{stage: partial(KeyInSelector, stage=stage) for stage in VARIANTS},
    "constant": ConstantSelector,
    "random": RandomSelector,
}
STAGE = {"keyin+refine": "keyin", **{stage: stage for stage in ("keyin", "surprise", *VARIANTS)}}  # that a selector needs
