"""`keyin pretrain-interp`: stage 1."""

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
    """Stage 1: train encoder, decoder and interpolator on segments between two frames. Makes the dataset when it is missing."""
    run_stage("interpolator", recipe, overrides, seed, out, overwrite, tensorboard, dry_run, as_json)
