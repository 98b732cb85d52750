"""What the loop needs to know of a stage, and its figures on the validation split.

A tensor of a batch has one row per sequence; `inner` alone has as many as `lengths` says, sequence after sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from keyin_cli.recipe import Optimisation, Recipe, Records

Batch = dict[str, Tensor]
Terms = dict[str, Tensor]

RAGGED = "inner"
VALIDATION_BATCHES = 8


class Phase(Protocol):
    """One loss that a model is trained by for some steps. A stage has one phase, or several in a row that share its model.

    `name` is the stage's. `section` is where the recipe has the phase: `pretrain`, `train.phases.1`. `schedule` is that section;
    `records` says how often is written down what. `model` is what is saved; its frozen parameters stay as they are.
    """

    @property
    def name(self) -> str: ...
    @property
    def section(self) -> str: ...
    @property
    def recipe(self) -> Recipe: ...
    @property
    def schedule(self) -> Optimisation: ...
    @property
    def records(self) -> Records: ...
    @property
    def model(self) -> nn.Module: ...

    def begin(self) -> None:
        """Called before the first step, and before the first after an interruption: freezes what this phase does not train."""
        ...

    def batch(self, step: int, split: str = "train") -> Batch:
        """Everything random about a step, as a function of (seed, step), on the CPU. Steps of a phase count from 0. Called
        from a thread of its own."""
        ...

    def terms(self, batch: Batch) -> Terms:
        """Unweighted scalar terms of the loss, each a mean over the batch's sequences or what `counts` says."""
        ...

    def counts(self, batch: Batch) -> dict[str, int]:
        """Of how many things a term is the mean, where they are not the batch's sequences."""
        ...

    def weights(self, step: int) -> dict[str, float]:
        """The weight of every term; terms without one are only reported."""
        ...


def rows(batch: Batch, part: slice) -> Batch:
    """The batch of some of its sequences."""
    pieces = {name: value[part] for name, value in batch.items() if name != RAGGED}
    if RAGGED in batch:
        first, last = int(batch["lengths"][: part.start].sum()), int(batch["lengths"][: part.stop].sum())
        pieces[RAGGED] = batch[RAGGED][first:last]
    return pieces


@torch.no_grad()
def validate(phase: Phase, terms: Callable[[Batch], Terms]) -> dict[str, float]:
    """Means of the terms over `VALIDATION_BATCHES` batches of the validation split, without labels."""
    phase.model.eval()
    figures = [terms(phase.batch(step, "val")) for step in range(VALIDATION_BATCHES)]
    phase.model.train()
    return {name: float(np.mean([float(each[name]) for each in figures])) for name in figures[0]}
