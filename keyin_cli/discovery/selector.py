"""What every selector is made from, and what selectors have in common.

A selector looks at sequences (n,T+N,H,W,C) uint8 and says which of the N frames to predict are keyframes, and how the sequence
looks when it is drawn from them alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli.errors import InputError
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.search import Costs, keyframe_nats, segment_costs
from keyin_cli.model.weights import Model
from keyin_cli.progress import Tracker
from keyin_cli.recipe import Recipe

Frames = NDArray[np.uint8]
Times = NDArray[np.bool_]

BATCH = 16  # sequences at once: more would not fit into the cache


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
    """What a selector may be made from.

    `models` holds the trained model of every stage that is there; `training()` gives the calibration sequences (n,T+N,H,W,C),
    without labels. `kept`: segment costs by the identity of the sequences, which stay alive beside them.
    """

    models: Mapping[str, Model]
    recipe: Recipe
    device: torch.device
    training: Callable[[], Frames]
    seed: int = 0
    kept: dict[int, tuple[Frames, Costs]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def foundation(self) -> Foundation:
        """Stage 1, which every keyframe model contains.

        Raises:
            InputError: there is neither.
        """
        for model in self.models.values():
            if isinstance(model, Foundation):
                return model
            if isinstance(model, KeyIn):
                return model.foundation
        raise InputError("these weights have no interpolator: give --ckpt a run directory of `keyin train`")

    def keyin(self, stage: str) -> KeyIn:
        """The keyframe model of a stage.

        Raises:
            InputError: it was not trained.
        """
        model = self.models.get(stage)
        if isinstance(model, KeyIn):
            return model
        command = "train" if stage == "keyin" else f"baseline {stage}"
        raise InputError(f"{stage} needs a checkpoint of `keyin {command}`, which is not there: use --selector search")

    @property
    def price(self) -> float:
        price = self.recipe.discovery.price
        if price != "auto":
            return float(price)
        return keyframe_nats(self.training(), self.foundation.decoder.draws_on_background)

    def costs(self, frames: Frames, advance: Tracker | None = None) -> Costs:
        """Segment costs of sequences (n,T+N,H,W,C), batch by batch; of the same array they are computed once."""
        first = self.recipe.window.conditioning - 1
        if id(frames) not in self.kept:
            pieces = []
            for batch in batches(frames[:, first:]):
                pieces.append(segment_costs(self.foundation, batch, self.device))
                if advance is not None:
                    advance(len(batch))
            self.kept[id(frames)] = frames, np.concatenate(pieces)
        elif advance is not None:
            advance(len(frames))
        return self.kept[id(frames)][1]


def batches(frames: Frames) -> Iterator[Frames]:
    for begin in range(0, len(frames), BATCH):
        yield frames[begin : begin + BATCH]


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
            images = to_images(sequence, context.device)
            embeddings, background = context.foundation.encoder(images), images[0]
            nodes = chain_nodes(times, context.recipe.window.max_offset)
            for begin, end in pairwise(nodes):
                pair, length = embeddings[[begin, end]][:, None], int(end - begin)
                inner = context.foundation.inpaint(pair[0], pair[1], torch.tensor([length], device=context.device), length)
                drawn.append(context.foundation.decoder(inner[0], background).sigmoid())
        return to_frames(torch.cat(drawn)).reshape(frames.shape[0], -1, *frames.shape[2:])


def chain_nodes(times: Times, longest: int) -> NDArray[np.int64]:
    """Times 0…N that bound the segments of one sequence (N,): its keyframes, both ends, and cuts wherever a gap exceeds S."""
    nodes = [0, *(np.flatnonzero(times[:-1]) + 1), len(times)]
    cut = [np.arange(begin, end, longest) for begin, end in pairwise(nodes)]
    return np.concatenate([*cut, [len(times)]])


def to_frames(images: torch.Tensor) -> Frames:
    """Pixels in [0,1] -> uint8."""
    frames: Frames = (images * 255).round().to(torch.uint8).cpu().numpy()
    return frames
