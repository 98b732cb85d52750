"""`keyin baseline`: train what KeyIn is compared with."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from keyin_cli.commands.common import DryRun, Json, Out, Overwrite, RecipeArgument, Seed, Set, Tensorboard
from keyin_cli.commands.training import run_stage


class Method(StrEnum):
    surprise = "surprise"
    jumpy = "jumpy"
    static = "static"
    soft_embeddings = "soft-embeddings"
    soft_pixels = "soft-pixels"
    tap = "tap"


def run(
    method: Annotated[Method, typer.Argument(help="random and constant need no training: see `keyin eval-f1`.")],
    recipe: RecipeArgument,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    seed: Seed = None,
    out: Out = None,
    overwrite: Overwrite = False,
    tensorboard: Tensorboard = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Train a baseline on stage 1: SVG-FP (surprise), a constant offset (jumpy), one offset pattern for all (static), KeyIn with
    the paper's soft loss, between embeddings or between pixels, or for planning a frame between two others (tap)."""
    run_stage(method.value, recipe, overrides, seed, out, overwrite, tensorboard, dry_run, as_json)
