"""What the loop needs to know of a stage."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from keyin_cli.recipe import Recipe, Schedule

Batch = dict[str, Tensor]
Terms = dict[str, Tensor]


class Stage(Protocol):
    """One training stage, `interpolator` or `keyin`. `model` is what is saved; its frozen parameters stay as they are."""

    @property
    def name(self) -> str: ...
    @property
    def recipe(self) -> Recipe: ...
    @property
    def schedule(self) -> Schedule: ...
    @property
    def model(self) -> nn.Module: ...

    def batch(self, step: int) -> Batch:
        """Everything random about a step, as a function of (seed, step)."""
        ...

    def terms(self, batch: Batch) -> Terms:
        """Unweighted scalar terms of the loss."""
        ...

    def weights(self, step: int) -> dict[str, float]:
        """The weight of every term; terms without one are only reported."""
        ...

    def validate(self) -> dict[str, float]:
        """Figures on the validation split, without labels."""
        ...
