"""From a recipe to the weights of a stage: the dataset and what the stage stands on, each made when it is missing.

Of several processes the first makes what all need, and the others read it: they must see the same files.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from keyin_cli import distributed, machine, storage
from keyin_cli.datasets import generate, loader
from keyin_cli.devices import pick_device
from keyin_cli.errors import InputError
from keyin_cli.model.weights import read_weights, tensors_sha256
from keyin_cli.progress import say
from keyin_cli.recipe import Recipe, digest
from keyin_cli.training import loop, memory
from keyin_cli.training.spec import Material, StageSpec


def train(
    stage: StageSpec,
    recipe: Recipe,
    run: Path,
    overwrite: bool = False,
    tensorboard: bool = False,
    foundation: tuple[Recipe, Path] | None = None,
    workers: int | None = None,
    dask: str | None = None,
) -> dict[str, Any]:
    """Train a stage, and what it stands on, to the end, or say that it is done.

    Args:
        run: the recipe's run directory; the stage lands in `run / stage.name`.
        overwrite: delete the stage's own run first; what it stands on is kept.
        foundation: recipe and run directory of the stage that it stands on, when they are others: training seeds share one.
        workers: processes that make the dataset and search in it, by default one per core.
        dask: address of a Dask scheduler that does this instead.

    Returns:
        The stage's manifest.

    Raises:
        InputError, RunError, Interrupted: see `loop`.
    """
    given, recipe, folder = recipe, stage.variant(recipe), run / stage.name
    memory.check_least(given, stage)
    device = pick_device(recipe.device)
    distributed.join(device)
    with storage.locked(folder):
        storage.check_ours(folder, loop.KIND, stage=stage.name)
        with distributed.first_alone():
            dataset = generate.ensure(recipe.data, workers, dask)
        inputs: dict[str, Any] = {"dataset": {"path": str(dataset.path), "sha256": dataset.sha256}}
        below = folder  # of stage 1, which stands on nothing
        if stage.foundation:
            recipe_below, run_below = foundation or (given, run)
            below = run_below / stage.foundation.name
            manifest = train(stage.foundation, recipe_below, run_below, tensorboard=tensorboard, workers=workers, dask=dask)
            inputs[stage.foundation.name] = {"path": str(below), "sha256": manifest["weights_sha256"]}
        part = stage.part(recipe)
        if not overwrite and (done := loop.finished(folder, part, inputs)):
            if distributed.rank() == 0:
                storage.remove(folder / storage.CHECKPOINTS)  # a kill may have left them
            say(f"{folder}: already trained")
            return done
        with distributed.first_alone():
            shared = distributed.world() > 1
            frames = loader.load_splits(dataset, recipe.window.frames, shared)
        if overwrite and distributed.rank() == 0:  # only now that everything else is in order
            storage.remove_ours(folder, loop.KIND, stage=stage.name)
        hashes = [value["sha256"] for value in inputs.values()]
        cache = below / "targets" / digest([hashes, part["window"]])[:16]
        weights = read_weights(below / storage.WEIGHTS)[0] if stage.foundation else {}
        if stage.foundation and tensors_sha256(weights) != manifest["weights_sha256"]:
            raise InputError(f"{below} was replaced by another command meanwhile, or is damaged: run the same command again")
        begun = time.monotonic()
        with distributed.first_alone():
            phases = stage.build(Material(recipe, frames, device, cache, weights, workers or machine.cores(), dask))
        memory.check(phases, device)
        return loop.fit(phases, folder, part, inputs, device, time.monotonic() - begun, tensorboard)
