"""The baselines that are KeyIn with one thing taken away: another recipe of the same stage."""

from __future__ import annotations

from keyin_cli.recipe.reading import check
from keyin_cli.recipe.whole import Recipe

# The search names keyframes, which these baselines do not learn from: they have the paper's loss, between embeddings.
LOSS = "train.objective=soft-embeddings"


def variant(recipe: Recipe, stage: str) -> Recipe:
    """The recipe of `static` (one learned offset pattern for all sequences) or `jumpy` (a given constant offset); others stay."""
    constant = recipe.jumpy.offset or recipe.window.predicted // recipe.window.keyframes
    offsets = {"static": "{kind: static}", "jumpy": f"{{kind: constant, offset: {constant}}}"}
    if stage not in offsets:
        return recipe
    return check(recipe.model_dump(mode="json"), [f"model.offsets={offsets[stage]}", LOSS], recipe.name)
