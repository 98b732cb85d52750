"""What a stage would cost, without running it: a few real steps on random frames."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from keyin_cli import distributed
from keyin_cli.devices import pick_device
from keyin_cli.recipe import Recipe
from keyin_cli.training.engine import move, training_forward
from keyin_cli.training.spec import Material, StageSpec
from keyin_cli.training.stage import Stage
from keyin_cli.training.step import part_of

SEQUENCES = 64
STEPS = 5
BYTES_PER_PARAMETER = 4


def fresh(recipe: Recipe, stage: StageSpec, device: torch.device) -> Stage:
    """A stage with fresh weights, on frames that are noise."""
    shape = (SEQUENCES, recipe.window.frames, *recipe.data.image)
    frames = dict.fromkeys(("train", "val"), np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    with TemporaryDirectory() as folder:
        material = Material(recipe, frames, device, Path(folder))
        if stage.foundation:
            weights = stage.foundation.build(material).model.state_dict()
            material = replace(material, foundation=dict(weights))
        return stage.build(material)


def estimate(recipe: Recipe, stage: StageSpec) -> dict[str, Any]:
    """Shapes, parameters, bytes on disk and seconds of one stage, measured on this machine."""
    device = pick_device(recipe.device)
    distributed.join(device)
    recipe = stage.variant(recipe)
    work = fresh(recipe, stage, device)
    schedule = work.schedule
    parameters = [value for value in work.model.parameters() if value.requires_grad]
    forward, seconds = training_forward(work, device), []
    for step in range(STEPS + 1):
        begun = time.perf_counter()
        terms = forward(move(part_of(work, step, device).batch, device))
        loss = torch.stack(list(terms.values())).sum()
        loss.backward()
        loss.item()  # waits for a GPU
        seconds.append(time.perf_counter() - begun)
    each = float(np.median(seconds[1:]))
    count = sum(value.numel() for value in parameters)
    everything = sum(value.numel() for value in work.model.parameters())
    return {
        "stage": stage.name,
        "recipe": recipe.model_dump(mode="json"),
        "shapes": {
            name: f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}" for name, value in work.batch(0).items()
        },
        "parameters": count,
        "steps": schedule.steps,
        "steps_per_second": round(1 / each, 2),
        "seconds": round(each * schedule.steps, 1),
        "bytes": BYTES_PER_PARAMETER * (everything * 2 + count * 2),  # weights, and a checkpoint with Adam's two moments
    }
