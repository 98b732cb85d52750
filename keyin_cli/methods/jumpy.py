"""Jumpy, the paper's ablation: KeyIn with the same given offset for every keyframe, by the soft loss between embeddings."""

from __future__ import annotations

from functools import partial

from keyin_cli.colours import GREEN
from keyin_cli.methods.keyin import keyframe_stage, propose
from keyin_cli.methods.method import Method
from keyin_cli.methods.variants import select, soft
from keyin_cli.recipe import MethodSection, Positive, Recipe


class Jumpy(MethodSection):
    """The baseline Jumpy: KeyIn with a constant offset, trained as `soft` says."""

    offset: Positive | None = None  # N / M, rounded down, at least 1, when not given

    def problems_in(self, recipe: Recipe) -> list[str]:
        longest = recipe.window.max_offset
        exceeds = self.offset is not None and self.offset > longest
        return [f"offset: {self.offset} frames exceed window.max_offset = {longest}"] if exceeds else []


def variant(recipe: Recipe) -> Recipe:
    offset = recipe.section(Jumpy).offset or max(1, recipe.window.predicted // recipe.window.keyframes)
    return soft(recipe, "soft-embeddings", f"model.offsets={{kind: constant, offset: {offset}}}")


METHOD = Method(
    name="jumpy",
    help="KeyIn with the same given offset for every keyframe",
    order=40,
    stage=keyframe_stage("jumpy", variant, schedule=("soft",)),
    sections={"jumpy": Jumpy},
    selectors={"": select("jumpy")},
    proposers={"": partial(propose, objective="last", stage="jumpy")},
    predicts=True,
    colour=GREEN,
)
