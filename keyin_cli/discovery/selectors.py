"""Everything that names keyframes, behind one signature.

A selector looks at sequences (n,T+N,H,W,C) uint8 and says which of the N frames to predict are keyframes, and how the sequence
looks when it is drawn from them alone. A new method is one class here (or one file) and one line in `SELECTORS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli.errors import InputError
from keyin_cli.model import soft_time
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.search import Costs, chain_costs, cheapest_chain, frame_nats, segment_costs
from keyin_cli.progress import Tracker, track
from keyin_cli.recipe import Recipe

Frames = NDArray[np.uint8]
Times = NDArray[np.bool_]

BATCH = 50  # sequences at once


class Selector(Protocol):
    """`price` or other figures that were chosen on the training split stand in `settings`."""

    settings: dict[str, float]

    def select(self, frames: Frames) -> Times:
        """Keyframes among the times 1…N: (n,T+N,H,W,C) -> (n,N)."""
        ...

    def predict(self, frames: Frames) -> Frames:
        """The N frames drawn from the keyframes alone: (n,T+N,H,W,C) -> (n,N,H,W,C)."""
        ...


@dataclass(frozen=True)
class Context:
    """What a selector may be made from. `training()` gives the calibration sequences (n,T+N,H,W,C), without labels."""

    model: Foundation | KeyIn
    recipe: Recipe
    device: torch.device
    training: Callable[[], Frames]
    seed: int = 0

    @property
    def foundation(self) -> Foundation:
        return self.model.foundation if isinstance(self.model, KeyIn) else self.model

    @property
    def price(self) -> float:
        price = self.recipe.discovery.price
        return frame_nats(self.training()) if price == "auto" else float(price)

    def costs(self, frames: Frames, advance: Tracker | None = None) -> Costs:
        """Segment costs of sequences (n,T+N,H,W,C), batch by batch."""
        first = self.recipe.window.conditioning - 1
        pieces = []
        for batch in batches(frames[:, first:]):
            pieces.append(segment_costs(self.foundation, batch, self.device))
            if advance is not None:
                advance(len(batch))
        return np.concatenate(pieces)


def batches(frames: Frames) -> Iterator[Frames]:
    for begin in range(0, len(frames), BATCH):
        yield frames[begin : begin + BATCH]


class KeyInSelector:
    """Argmax offsets of the trained model at the posterior's mean (SPEC section 5)."""

    def __init__(self, context: Context) -> None:
        if not isinstance(context.model, KeyIn):
            raise InputError(
                "keyin needs a checkpoint of `keyin train`, this one is of `keyin pretrain-interp`: use --selector search"
            )
        self.model, self.device, self.settings = context.model, context.device, dict[str, float]()
        self.window = context.recipe.window

    @torch.no_grad()
    def select(self, frames: Frames) -> Times:
        times = []
        with track("keyin", len(frames)) as advance:
            for batch in batches(frames):
                delta = self.model.keyframes(self._encode(batch)).delta
                times.append(soft_time.hard_times(delta, self.window.predicted).cpu().numpy())
                advance(len(batch))
        return np.concatenate(times)

    @torch.no_grad()
    def predict(self, frames: Frames) -> Frames:
        sequence = self._encode(frames)
        images = self.model.compose(sequence[:, self.window.conditioning - 1], self.model.keyframes(sequence))
        return to_frames(images)

    def _encode(self, frames: Frames) -> torch.Tensor:
        embeddings: torch.Tensor = self.model.foundation.encoder(to_images(frames, self.device))
        return embeddings


class Inpainting(ABC):
    """Base of the selectors that only name times: the interpolator draws the sequence from the true frames at those times."""

    def __init__(self, context: Context) -> None:
        self.context, self.settings = context, dict[str, float]()

    @abstractmethod
    def select(self, frames: Frames) -> Times: ...

    @torch.no_grad()
    def predict(self, frames: Frames) -> Frames:
        context, first = self.context, self.context.recipe.window.conditioning - 1
        drawn = []
        for sequence, times in zip(frames[:, first:], self.select(frames), strict=True):
            embeddings = context.foundation.encoder(to_images(sequence, context.device))
            nodes = chain_nodes(times, context.recipe.window.max_offset)
            for begin, end in pairwise(nodes):
                pair, length = embeddings[[begin, end]][:, None], int(end - begin)
                inner = context.foundation.inpaint(pair[0], pair[1], torch.tensor([length], device=context.device), length)
                drawn.append(context.foundation.decoder(inner[0]).sigmoid())
        return to_frames(torch.cat(drawn)).reshape(frames.shape[0], -1, *frames.shape[2:])


class SearchSelector(Inpainting):
    """Exact search over the frozen interpolator (see `search.py`)."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.settings = {"price": context.price}

    def select(self, frames: Frames) -> Times:
        with track("search", len(frames)) as advance:
            costs = self.context.costs(frames, advance)
        return cheapest_chain(costs, self.settings["price"])


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


SELECTORS: dict[str, Callable[[Context], Selector]] = {
    "keyin": KeyInSelector,
    "search": SearchSelector,
    "constant": ConstantSelector,
    "random": RandomSelector,
}


def chain_nodes(times: Times, longest: int) -> NDArray[np.int64]:
    """Times 0…N that bound the segments of one sequence (N,): its keyframes, both ends, and cuts wherever a gap exceeds S."""
    nodes = [0, *(np.flatnonzero(times[:-1]) + 1), len(times)]
    cut = [np.arange(begin, end, longest) for begin, end in pairwise(nodes)]
    return np.concatenate([*cut, [len(times)]])


def to_frames(images: torch.Tensor) -> Frames:
    """Pixels in [0,1] -> uint8."""
    frames: Frames = (images * 255).round().to(torch.uint8).cpu().numpy()
    return frames
