"""What a stage is run with: precision, compilation, several processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from keyin_cli import distributed
from keyin_cli.recipe import Recipe
from keyin_cli.training.phase import Batch, Phase, Terms

Module = TypeVar("Module", bound=nn.Module)
Forward = Callable[[Batch], Terms]


def seeded(seed: int, build: Callable[[], Module]) -> Module:
    """Build a module whose initial weights are a function of the seed; the global random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def autocast(recipe: Recipe, device: torch.device) -> torch.autocast:
    """The recipe's precision: with bfloat16, matrix products are computed in it; weights and losses stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16")


def forward(phase: Phase, device: torch.device) -> Forward:
    """`phase.terms` in the recipe's precision, on the device."""

    def terms(batch: Batch) -> Terms:
        with autocast(phase.recipe, device):
            return phase.terms(batch)

    return terms


def training_forward(phase: Phase, device: torch.device) -> Forward:
    """`forward`, compiled when the recipe says so; a backward pass averages the gradients of all processes."""
    module = _Terms(phase, forward(phase, device))
    if phase.recipe.compile:
        module.compile()
    if distributed.world() == 1:
        return module
    places = [device.index] if device.type == "cuda" else None
    return DistributedDataParallel(module, device_ids=places, forward_sync_buffers=False, gradient_as_bucket_view=True)


class _Terms(nn.Module):
    """The terms of a phase as a module, which is what torch compiles and distributes."""

    def __init__(self, phase: Phase, terms: Forward) -> None:
        super().__init__()
        self.model, self.terms = phase.model, terms

    def forward(self, batch: Batch) -> Terms:
        return self.terms(batch)


def pin(batch: Batch, device: torch.device) -> Batch:
    """A batch in memory from which a GPU copies while the processor goes on; the batch itself for a CPU."""
    if device.type != "cuda":
        return batch
    with torch.cuda.device(device):  # a thread begins on the first GPU
        return {name: value.pin_memory() for name, value in batch.items()}


def move(batch: Batch, device: torch.device) -> Batch:
    """A batch on the device; it may still be on its way there."""
    return {name: value.to(device, non_blocking=True) for name, value in batch.items()}
