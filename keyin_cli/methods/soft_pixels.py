"""KeyIn trained by the paper's soft loss between pixels, without search."""

from __future__ import annotations

from keyin_cli.colours import ORANGE
from keyin_cli.methods.keyin import keyframe_stage
from keyin_cli.methods.method import Method
from keyin_cli.methods.variants import select, soft
from keyin_cli.recipe import Recipe


def variant(recipe: Recipe) -> Recipe:
    return soft(recipe, "soft-pixels")


METHOD = Method(
    name="soft-pixels",
    help="KeyIn trained by the paper's soft loss between pixels",
    order=70,
    stage=keyframe_stage("soft-pixels", variant, schedule=("soft",)),
    selectors={"": select("soft-pixels")},
    colour=ORANGE,
)
