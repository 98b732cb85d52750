"""From a recipe to the weights of a stage: the dataset, stage 1 and stage 2, each made when it is missing.

Of several processes the first makes what all need, and the others read it: they must see the same files.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli import distributed, storage
from keyin_cli.datasets import generate, loader
from keyin_cli.devices import pick_device
from keyin_cli.model.weights import read_weights
from keyin_cli.progress import say
from keyin_cli.recipe import Recipe, digest, variant
from keyin_cli.training import loop
from keyin_cli.training.stage import Stage
from keyin_cli.training.stages.interpolator import InterpolatorStage
from keyin_cli.training.stages.keyin import KeyInStage
from keyin_cli.training.stages.surprise import SurpriseStage
from keyin_cli.training.stages.tap import TapStage


def train(
    stage: str,
    recipe: Recipe,
    run: Path,
    overwrite: bool = False,
    tensorboard: bool = False,
    foundation: tuple[Recipe, Path] | None = None,
) -> dict[str, Any]:
    """Train `interpolator`, or `keyin` or a baseline (and what it stands on), to the end, or say that it is done.

    Args:
        run: the recipe's run directory; the stage lands in `run / stage`.
        overwrite: delete the stage's own run first; what it stands on is kept.
        foundation: recipe and run directory of the stage 1 that it stands on, when they are others: training seeds share one.

    Returns:
        The stage's manifest.

    Raises:
        InputError, RunError, Interrupted: see `loop`.
    """
    recipe, folder = variant(recipe, stage), run / stage
    device = pick_device(recipe.device)
    distributed.join(device)
    with distributed.first_alone():
        dataset = generate.ensure(recipe.data)
    inputs: dict[str, Any] = {"dataset": {"path": str(dataset.path), "sha256": dataset.sha256}}
    below = (foundation[1] if foundation else run) / "interpolator"
    if stage != "interpolator":
        manifest = train("interpolator", foundation[0] if foundation else recipe, below.parent, tensorboard=tensorboard)
        inputs["interpolator"] = {"path": str(below), "sha256": manifest["weights_sha256"]}
    part = recipe.part(stage)
    if not overwrite and (done := loop.finished(folder, part, inputs)):
        say(f"{folder}: already trained")
        return done
    count = recipe.window.conditioning + recipe.window.predicted
    shared = distributed.world() > 1
    with distributed.first_alone():
        frames = {split: loader.load_frames(dataset, split, count, shared=shared) for split in ("train", "val")}
    if overwrite and distributed.rank() == 0:  # only now that everything else is in order
        storage.remove(folder)
    hashes = [value["sha256"] for value in inputs.values()]
    cache = below / "targets" / digest([hashes, part["window"], part.get("discovery")])[:16]
    begun = time.monotonic()
    with distributed.first_alone():
        work = _stage(stage, recipe, below, frames, device, cache)
    return loop.fit(work, folder, inputs, device, time.monotonic() - begun, tensorboard)


def _stage(
    stage: str, recipe: Recipe, below: Path, frames: dict[str, NDArray[np.uint8]], device: torch.device, cache: Path
) -> Stage:
    if stage == "interpolator":
        return InterpolatorStage(recipe, frames, device)
    foundation = read_weights(below / storage.WEIGHTS)[0]
    if stage == "surprise":
        return SurpriseStage(recipe, foundation, frames, device)
    if stage == "tap":
        return TapStage(recipe, foundation, frames, device)
    return KeyInStage(recipe, foundation, frames, device, cache, stage)
