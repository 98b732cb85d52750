"""`keyin train`: stage 2."""

from __future__ import annotations

from keyin_cli.commands.common import DryRun, Json, Out, Overwrite, RecipeArgument, Seed, Set, Tensorboard
from keyin_cli.commands.training import run_stage


def run(
    recipe: RecipeArgument,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    tensorboard: Tensorboard = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Stage 2: train the keyframe model on the frozen interpolator. Runs stage 1 first when it is missing."""
    run_stage("keyin", recipe, overrides, seed, out, overwrite, tensorboard, dry_run, as_json)
