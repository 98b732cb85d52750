"""Static, the paper's baseline: KeyIn with one learned pattern of offsets, by the soft loss between embeddings."""

from __future__ import annotations

from keyin_cli.colours import BLACK
from keyin_cli.methods.keyin import keyframe_stage
from keyin_cli.methods.method import Method
from keyin_cli.methods.variants import select, soft
from keyin_cli.recipe import Recipe


def variant(recipe: Recipe) -> Recipe:
    return soft(recipe, "soft-embeddings", "model.offsets={kind: static}")


METHOD = Method(
    name="static",
    help="KeyIn with one learned pattern of offsets for all sequences",
    order=50,
    stage=keyframe_stage("static", variant, schedule=("soft",)),
    selectors={"": select("static")},
    colour=BLACK,
)
