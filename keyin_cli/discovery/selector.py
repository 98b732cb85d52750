"""What every way to detect keyframes is made from, and what they have in common.

A selector looks at sequences (n,T+N,H,W,C) uint8 and says which of the N frames to predict are keyframes, and how the sequence
looks when it is drawn from them alone. Imports no torch, so that a method's file can be read without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from keyin_cli.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from keyin_cli.model.keyin import Foundation
    from keyin_cli.progress import Tracker
    from keyin_cli.recipe import Recipe

Frames = NDArray[Any]  # uint8, with signals float32: see `recipe.data.Frame.shape`
Times = NDArray[np.bool_]
Costs = NDArray[np.float32]
Rows = TypeVar("Rows", bound=NDArray[Any])

BATCH = 16  # sequences at once: more would not fit into the cache


class Selector(Protocol):
    """`settings` has the price and other figures that were chosen on the training split."""

    settings: dict[str, float]

    def select(self, frames: Frames) -> Times:
        """Keyframes among the times 1…N: (n,T+N,H,W,C) -> (n,N)."""
        ...

    def predict(self, frames: Frames, times: Times) -> Frames:
        """The N frames drawn from the keyframes alone: (n,T+N,H,W,C) -> (n,N,H,W,C).

        `times` (n,N) are those that `select` gave for these sequences, perhaps among others: they are not selected again.
        """
        ...


@runtime_checkable
class Told(Protocol):
    """A selector that is told how many keyframes a sequence has, as no method that is used on new data can be."""

    def select_told(self, frames: Frames, counts: NDArray[np.int64]) -> Times:
        """Keyframes among the times 1…N: (n,T+N,H,W,C) and their true numbers (n,) -> (n,N)."""
        ...


@dataclass(frozen=True)
class Sources:
    """What a selector may be made from.

    `models` holds the trained model of every stage that is there; `training()` gives the calibration sequences (n,T+N,H,W,C),
    without labels. `kept`: segment costs by the identity of the sequences, which stay alive beside them.
    """

    models: Mapping[str, nn.Module]
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
            if (found := foundation_of(model)) is not None:
                return found
        raise InputError("these weights have no interpolator: give --ckpt a run directory of `keyin train`")

    def images(self, frames: Frames) -> Tensor:
        """Frames (…,H,W,C) as floats in [0,1] on the device."""
        from keyin_cli.model.encoder import to_images

        return to_images(frames, self.device)

    @property
    def price(self) -> float:
        """What a keyframe costs, in nats: the recipe's, or see `model.search`."""
        from keyin_cli.model.search import keyframe_price

        return keyframe_price(self.recipe.discovery.price, self.training, self.foundation.decoder)

    def costs(self, frames: Frames, advance: Tracker | None = None) -> Costs:
        """Segment costs (n,N+1,S) of sequences (n,T+N,H,W,C), in nats; of the same array they are computed once."""
        from keyin_cli.model.search import segment_costs

        found = self.kept.get(id(frames))  # looked up once: another thread may clear it
        if found is None:
            pieces = []
            for batch in batches(frames[:, self.recipe.window.conditioning - 1 :]):
                pieces.append(segment_costs(self.foundation, batch, self.device))
                if advance is not None:
                    advance(len(batch))
            found = self.kept[id(frames)] = frames, np.concatenate(pieces)
        elif advance is not None:
            advance(len(frames))
        return found[1]


Select = Callable[[Sources], Selector]  # makes a row's selector


def foundation_of(model: nn.Module) -> Foundation | None:
    """Stage 1 in a model: the model itself, or a part of a keyframe model; None of one that has none."""
    from keyin_cli.model.keyin import Foundation, KeyIn

    if isinstance(model, KeyIn):
        return model.foundation
    return model if isinstance(model, Foundation) else None


def batches(rows: Rows) -> Iterator[Rows]:
    """Frames or times of BATCH sequences at once."""
    for begin in range(0, len(rows), BATCH):
        yield rows[begin : begin + BATCH]  # type: ignore[misc]  # a slice is what it was cut from


class Inpainting(ABC):
    """Base of the selectors that only select times: the interpolator draws the sequence from the true frames at those times."""

    def __init__(self, sources: Sources) -> None:
        self.sources, self.settings = sources, dict[str, float]()

    @abstractmethod
    def select(self, frames: Frames) -> Times: ...

    def predict(self, frames: Frames, times: Times) -> Frames:
        from keyin_cli.discovery.inpainting import inpaint

        sources, window = self.sources, self.sources.recipe.window
        seen = frames[:, window.conditioning - 1 :]
        return inpaint(sources.foundation, seen, times, window.max_offset, sources.device)
