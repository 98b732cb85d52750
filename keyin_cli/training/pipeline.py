"""From a recipe to the weights of a stage: the dataset and what the stage stands on, each made when it is missing.

Of several processes the first makes what all need, and the others read it: they must see the same files.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from keyin_cli import distributed, storage
from keyin_cli.datasets import generate, loader
from keyin_cli.devices import pick_device
from keyin_cli.model.weights import read_weights
from keyin_cli.progress import say
from keyin_cli.recipe import Recipe, digest
from keyin_cli.training import loop
from keyin_cli.training.spec import Material, StageSpec


def train(
    stage: StageSpec,
    recipe: Recipe,
    run: Path,
    overwrite: bool = False,
    tensorboard: bool = False,
    foundation: tuple[Recipe, Path] | None = None,
) -> dict[str, Any]:
    """Train a stage, and what it stands on, to the end, or say that it is done.

    Args:
        run: the recipe's run directory; the stage lands in `run / stage.name`.
        overwrite: delete the stage's own run first; what it stands on is kept.
        foundation: recipe and run directory of the stage that it stands on, when they are others: training seeds share one.

    Returns:
        The stage's manifest.

    Raises:
        InputError, RunError, Interrupted: see `loop`.
    """
    given, recipe, folder = recipe, stage.variant(recipe), run / stage.name
    device = pick_device(recipe.device)
    distributed.join(device)
    with storage.locked(folder):
        with distributed.first_alone():
            dataset = generate.ensure(recipe.data)
        inputs: dict[str, Any] = {"dataset": {"path": str(dataset.path), "sha256": dataset.sha256}}
        below = folder  # of stage 1, which stands on nothing
        if stage.foundation:
            recipe_below, run_below = foundation or (given, run)
            below = run_below / stage.foundation.name
            manifest = train(stage.foundation, recipe_below, run_below, tensorboard=tensorboard)
            inputs[stage.foundation.name] = {"path": str(below), "sha256": manifest["weights_sha256"]}
        part = stage.part(recipe)
        if not overwrite and (done := loop.finished(folder, part, inputs)):
            say(f"{folder}: already trained")
            return done
        with distributed.first_alone():
            shared = distributed.world() > 1
            frames = {
                split: loader.load_frames(dataset, split, recipe.window.frames, shared=shared) for split in ("train", "val")
            }
        if overwrite and distributed.rank() == 0:  # only now that everything else is in order
            storage.remove(folder)
        hashes = [value["sha256"] for value in inputs.values()]
        cache = below / "targets" / digest([hashes, part["window"], part.get("discovery")])[:16]
        weights = read_weights(below / storage.WEIGHTS)[0] if stage.foundation else {}
        begun = time.monotonic()
        with distributed.first_alone():
            work = stage.build(Material(recipe, frames, device, cache, weights))
        return loop.fit(work, folder, part, inputs, device, time.monotonic() - begun, tensorboard)
