"""Where and with what a stage runs: device, precision, compilation, several processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from keyin_cli import ranks
from keyin_cli.errors import InputError
from keyin_cli.recipe import Recipe
from keyin_cli.training.stage import Batch, Stage, Terms

Module = TypeVar("Module", bound=nn.Module)
Forward = Callable[[Batch], Terms]


def pick_device(wanted: str) -> torch.device:
    """`auto` is the GPU when there is one; each of several processes on a machine has its own.

    Raises:
        InputError: a GPU is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise InputError("device cuda: this torch sees no GPU; use --set device=cpu, or see `keyin doctor`")
    if not available or wanted == "cpu":
        return torch.device("cpu")
    if ranks.world() == 1:
        return torch.device("cuda")
    if ranks.local_rank() >= torch.cuda.device_count():
        raise InputError(f"{torch.cuda.device_count()} GPUs are too few: start torchrun with --nproc-per-node no larger")
    return torch.device("cuda", ranks.local_rank())


def describe(device: torch.device) -> dict[str, str | int]:
    """What a manifest says of the device."""
    kind: dict[str, str | int] = {"type": device.type}
    if device.type == "cuda":
        kind["name"] = torch.cuda.get_device_name(device)
    else:
        kind["threads"] = torch.get_num_threads()
    return kind if ranks.world() == 1 else kind | {"processes": ranks.world()}


def seeded(seed: int, build: Callable[[], Module]) -> Module:
    """Build a module whose initial weights are a function of the seed; the global random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def autocast(recipe: Recipe, device: torch.device) -> torch.autocast:
    """The recipe's precision: with bfloat16, matrix products are computed in it; weights and losses stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16")


def forward(stage: Stage, device: torch.device) -> Forward:
    """`stage.terms` in the recipe's precision, on the device."""

    def terms(batch: Batch) -> Terms:
        with autocast(stage.recipe, device):
            return stage.terms(batch)

    return terms


def trained(stage: Stage, device: torch.device) -> Forward:
    """`forward`, compiled when the recipe says so; a backward pass averages the gradients of all processes."""
    whole = _Terms(stage, forward(stage, device))
    if stage.recipe.compile:
        whole.compile()
    if ranks.world() == 1:
        return whole
    places = [device.index] if device.type == "cuda" else None
    return DistributedDataParallel(whole, device_ids=places, forward_sync_buffers=False, gradient_as_bucket_view=True)


class _Terms(nn.Module):
    """The terms of a stage as a module, which is what torch compiles and distributes."""

    def __init__(self, stage: Stage, terms: Forward) -> None:
        super().__init__()
        self.model, self.terms = stage.model, terms

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


def peak_memory(device: torch.device) -> dict[str, Any]:
    """What a manifest says of a GPU's memory; empty for a CPU, whose process's is recorded anyway."""
    return {"peak_gpu_memory_bytes": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {}
