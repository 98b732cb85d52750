"""KeyIn trained by the paper's soft loss between embeddings, without search."""

from __future__ import annotations

from functools import partial

from keyin_cli.colours import PINK
from keyin_cli.methods.keyin import finder, keyframe_stage
from keyin_cli.methods.method import Method
from keyin_cli.methods.variants import select, soft
from keyin_cli.recipe import Recipe


def variant(recipe: Recipe) -> Recipe:
    return soft(recipe, "soft-embeddings")


METHOD = Method(
    name="soft-embeddings",
    help="KeyIn trained by the paper's soft loss between embeddings",
    order=60,
    stage=keyframe_stage("soft-embeddings", variant, schedule=("soft",)),
    selectors={"": select("soft-embeddings")},
    finder=partial(finder, stage="soft-embeddings"),
    colour=PINK,
)
