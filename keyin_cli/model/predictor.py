"""What every model that predicts whole sequences can do, so that they can be compared."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from keyin_cli.recipe import Recipe


@runtime_checkable
class Predictor(Protocol):
    """Images are floats in [0,1], on the model's device; n sequences, see the legend in `model`."""

    recipe: Recipe

    def reconstruct(self, images: Tensor) -> Tensor:
        """Draw the frames after the conditioning ones from the posterior's mean: (n,T+N,H,W,C) -> (n,N,H,W,C)."""
        ...

    def sample(self, conditioning: Tensor, rng: np.random.Generator) -> Tensor:
        """Continue conditioning frames with latents from the prior: (n,T,H,W,C) -> (n,N,H,W,C)."""
        ...


@runtime_checkable
class KeyframeSampler(Predictor, Protocol):
    """A predictor that says which frames of a sample are its keyframes."""

    def sample_with_times(self, conditioning: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """As `sample`, and the keyframes of what is drawn: (n,N,H,W,C) and (n,N) bool."""
        ...
