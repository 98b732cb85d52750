"""The baselines that are KeyIn with one thing changed: another recipe of the same stage."""

from __future__ import annotations

from keyin_cli.recipe.reading import check
from keyin_cli.recipe.recipe import Recipe


def variant(recipe: Recipe, stage: str) -> Recipe:
    """The recipe of a baseline that trains a keyframe model; others stay.

    `static` has one learned offset pattern for all sequences, `jumpy` a given constant offset: the search names keyframes, which
    these do not learn from, so they have the soft loss between embeddings. `soft-embeddings` and `soft-pixels` are KeyIn with
    that soft loss. All of them take steps and weights from the section `soft`.
    """
    constant = recipe.jumpy.offset or recipe.window.predicted // recipe.window.keyframes
    embeddings, pixels = "train.objective=soft-embeddings", "train.objective=soft-pixels"
    changes = {
        "static": [embeddings, "model.offsets={kind: static}"],
        "jumpy": [embeddings, f"model.offsets={{kind: constant, offset: {constant}}}"],
        "soft-embeddings": [embeddings],
        "soft-pixels": [pixels],
    }
    if stage not in changes:
        return recipe
    weights = [f"train.weights.{name}={value}" for name, value in recipe.soft.weights.model_dump().items()]
    changes[stage].append("train.teacher_forcing=false")
    steps = f"train.steps={recipe.soft.steps or recipe.train.steps}"
    return check(recipe.model_dump(mode="json"), [*changes[stage], steps, *weights], recipe.name)
