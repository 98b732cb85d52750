"""Memory that training would take, before it does: a recipe that cannot fit is refused in a line, not by the system's killer.

Numbers are bytes. What is counted is a little less than what is taken, so nothing is refused that would fit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from keyin_cli import distributed, machine
from keyin_cli.recipe import Recipe
from keyin_cli.training.engine import Forward, forward, move
from keyin_cli.training.phase import Phase, rows
from keyin_cli.training.spec import StageSpec

FLOAT = 4
COPIES = 4  # of a weight: it, its gradient, Adam's two moments
FEW, MORE = 1, 4  # sequences that are measured; the rest of a batch takes as much for each


def check_least(recipe: Recipe, stage: StageSpec) -> None:
    """Refuse what is too large by its sizes alone, before anything is made.

    Raises:
        InputError: weights and a batch of the stage take more memory than is free.
    """
    machine.check_room(_least(recipe, stage), f"training {stage.name}", "give smaller sizes in model, data or batch")


def needed(phases: Sequence[Phase], device: torch.device) -> int:
    """What the steps of phases take at most, on the device: weights, and what is kept for the gradient, which is measured on a
    few sequences."""
    model = phases[0].model
    weights = sum(value.numel() * FLOAT * (COPIES if value.requires_grad else 1) for value in model.parameters())
    return weights + max(_kept(phase, device) for phase in phases)


def check(phases: Sequence[Phase], device: torch.device) -> int:
    """What the phases take; see `needed`.

    Raises:
        InputError: what is not there yet, which is all but the weights, is more than is free.
    """
    size, there = needed(phases, device), sum(value.numel() * FLOAT for value in phases[0].model.parameters())
    sections = ", ".join(dict.fromkeys(f"{phase.section}.batch" for phase in phases))
    free = _free(device) if device.type == "cuda" else None
    machine.check_room(size - there, f"training {phases[0].name}", f"give a smaller {sections} with --set", free)
    return size


def _free(device: torch.device) -> int:
    """What a GPU has, and what torch keeps of it for later, as after an earlier stage."""
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


def _least(recipe: Recipe, stage: StageSpec) -> int:
    """Weights by counting them without making them; a batch as its frames, those of stage 1 being a few of each sequence."""
    recipe = stage.variant(recipe)
    part, frame = stage.part(recipe), recipe.data.frame
    numbers = frame.pixels + frame.signals
    lowest, highest = recipe.pretrain.lengths
    frames = max(_batches(part), default=1) * (2 + (lowest + highest) // 2)
    window, chosen = recipe.window, 0
    if stage.foundation and "train" in part:  # where keyframes fall, see `Predicted.tau`
        chosen = max(_batches(part["train"]), default=1) * (window.keyframes + 1) * (window.keyframes * window.max_offset + 1)
    try:
        with torch.device("meta"):
            weights = sum(value.numel() for value in stage.model(recipe).parameters())
    except RuntimeError as error:
        if "overflow" not in str(error):
            raise
        weights = sys.maxsize  # more than can be counted
    return FLOAT * (weights * COPIES + frames * numbers + chosen)


def _batches(tree: Any) -> Iterator[int]:
    """Every size of a batch in a plain tree."""
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    if isinstance(tree, dict) and isinstance(tree.get("batch"), int):
        yield tree["batch"]
    for each in inner:
        yield from _batches(each)


def _kept(phase: Phase, device: torch.device) -> int:
    """What a step of a phase keeps for the gradient: measured on a few sequences, a straight line from there."""
    phase.begin()
    batch, terms, weights = phase.batch(0), forward(phase, device), _places(phase)
    counts = FEW, min(MORE, phase.schedule.batch)
    few, more = ((count, _measured(terms, rows(batch, slice(0, count)), device, weights)) for count in counts)
    if more[0] == few[0]:
        return few[1]
    slope = max(0.0, (more[1] - few[1]) / (more[0] - few[0]))
    return int(few[1] + slope * (-(-phase.schedule.batch // distributed.world()) - few[0]))


def _places(phase: Phase) -> set[int]:
    """Where the weights of a phase are."""
    return {value.untyped_storage().data_ptr() for value in phase.model.parameters()}


def _measured(terms: Forward, batch: dict[str, torch.Tensor], device: torch.device, weights: set[int]) -> int:
    """What is kept for the gradient of a batch, in tensors that share no memory, but for those at the places `weights`."""
    sizes: dict[int, int] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
        return value

    with torch.random.fork_rng(), torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        found = terms(move(batch, device))
        del found
    return sum(sizes.values())
