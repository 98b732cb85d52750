"""What a stage would cost, without running it: a few real steps on random frames."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from keyin_cli import distributed
from keyin_cli.devices import pick_device
from keyin_cli.recipe import Recipe, variant
from keyin_cli.training.engine import move, training_forward
from keyin_cli.training.stage import Stage
from keyin_cli.training.stages.interpolator import InterpolatorStage
from keyin_cli.training.stages.keyin import KeyInStage
from keyin_cli.training.stages.surprise import SurpriseStage
from keyin_cli.training.stages.tap import TapStage
from keyin_cli.training.step import part_of

SEQUENCES = 64
STEPS = 5
BYTES_PER_PARAMETER = 4


def fresh(recipe: Recipe, stage: str, device: torch.device) -> Stage:
    """A stage with fresh weights, on frames that are noise."""
    length = recipe.window.conditioning + recipe.window.predicted
    shape = (SEQUENCES, length, *recipe.data.image)
    frames = dict.fromkeys(("train", "val"), np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    below = InterpolatorStage(recipe, frames, device)
    if stage == "interpolator":
        return below
    foundation = dict(below.model.state_dict())
    if stage == "surprise":
        return SurpriseStage(recipe, foundation, frames, device)
    if stage == "tap":
        return TapStage(recipe, foundation, frames, device)
    with TemporaryDirectory() as folder:
        return KeyInStage(recipe, foundation, frames, device, Path(folder), stage)


def estimate(recipe: Recipe, stage: str) -> dict[str, Any]:
    """Shapes, parameters, bytes on disk and seconds of one stage, measured on this machine."""
    device = pick_device(recipe.device)
    distributed.join(device)
    recipe = variant(recipe, stage)
    work = fresh(recipe, stage, device)
    schedule = work.schedule
    parameters = [value for value in work.model.parameters() if value.requires_grad]
    forward, seconds = training_forward(work, device), []
    for step in range(STEPS + 1):
        begun = time.perf_counter()
        terms = forward(move(part_of(work, step, device).batch, device))
        sum(terms.values()).backward()  # type: ignore[union-attr]
        seconds.append(time.perf_counter() - begun)
    each = float(np.median(seconds[1:]))
    count = sum(value.numel() for value in parameters)
    everything = sum(value.numel() for value in work.model.parameters())
    return {
        "stage": stage,
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
