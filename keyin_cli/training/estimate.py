"""What a stage would cost, without running it: a few real steps on random frames."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli import distributed
from keyin_cli.devices import pick_device
from keyin_cli.recipe import Recipe
from keyin_cli.training import memory
from keyin_cli.training.engine import move, training_forward
from keyin_cli.training.phase import Phase
from keyin_cli.training.spec import Material, StageSpec
from keyin_cli.training.step import part_of

SEQUENCES = 64
STEPS = 5
FEWEST, MOST = 8, 2e8  # sequences and numbers of the noise
BYTES_PER_PARAMETER = 4


def fresh(recipe: Recipe, stage: StageSpec, device: torch.device) -> Sequence[Phase]:
    """The phases of a stage with fresh weights, on frames that are noise."""
    count = min(SEQUENCES, max(FEWEST, int(MOST // recipe.window.frames // math.prod(recipe.data.frame.shape))))
    shape, rng = (count, recipe.window.frames, *recipe.data.frame.shape), np.random.default_rng(0)
    noise = rng.random(shape, dtype=np.float32) if recipe.data.frame.signals else rng.integers(0, 256, shape, dtype=np.uint8)
    frames: dict[str, NDArray[Any]] = dict.fromkeys(("train", "val"), noise)
    with TemporaryDirectory() as folder:
        material = Material(recipe, frames, device, Path(folder))
        if stage.foundation:
            weights = stage.foundation.build(material)[0].model.state_dict()
            material = replace(material, foundation=dict(weights))
        return stage.build(material)


def estimate(recipe: Recipe, stage: StageSpec) -> dict[str, Any]:
    """Shapes, parameters, bytes in memory and on disk and seconds of one stage, measured on this machine. Shapes are those of its
    first phase, and seconds without what is found out once, before the first step.

    Raises:
        InputError: it does not fit into memory.
    """
    device = pick_device(recipe.device)
    distributed.join(device)
    memory.check_least(recipe, stage)
    recipe = stage.variant(recipe)
    phases = fresh(recipe, stage, device)
    taken = memory.check(phases, device)
    steps, seconds = (sum(each) for each in zip(*((p.schedule.steps, _seconds(p, device)) for p in phases), strict=True))
    model = phases[0].model
    count, everything = (
        sum(value.numel() for value in model.parameters() if value.requires_grad or not trained) for trained in (True, False)
    )
    return {
        "stage": stage.name,
        "recipe": recipe.model_dump(mode="json"),
        "shapes": {
            name: f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}" for name, value in phases[0].batch(0).items()
        },
        "parameters": count,
        "memory": taken,
        "steps": steps,
        "steps_per_second": round(steps / seconds, 2),
        "seconds": round(seconds, 1),
        "bytes": BYTES_PER_PARAMETER * (everything * 2 + count * 2),  # weights, and a checkpoint with Adam's two moments
    }


def _seconds(phase: Phase, device: torch.device) -> float:
    """What all steps of a phase would take."""
    phase.begin()
    forward, seconds = training_forward(phase, device), []
    for step in range(STEPS + 1):
        begun = time.perf_counter()
        terms = forward(move(part_of(phase, step, device).batch, device))
        loss = torch.stack(list(terms.values())).sum()
        loss.backward()
        loss.item()  # waits for a GPU
        seconds.append(time.perf_counter() - begun)
    return float(np.median(seconds[1:])) * phase.schedule.steps
