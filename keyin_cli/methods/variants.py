"""What methods that are KeyIn with one thing changed have in common: a soft loss, scheduled by the section `soft`."""

from __future__ import annotations

from functools import partial

from keyin_cli.discovery.selector import Select
from keyin_cli.methods.keyin import KeyframeSelector
from keyin_cli.recipe import Recipe, check

EMBEDDINGS, PIXELS = "train.objective=soft-embeddings", "train.objective=soft-pixels"


def soft(recipe: Recipe, *changes: str) -> Recipe:
    """A recipe with `changes`, `KEY=VALUE`, and with the steps and weights of a soft loss."""
    weights = [f"train.weights.{name}={value}" for name, value in recipe.soft.weights.model_dump().items()]
    steps = f"train.steps={recipe.soft.steps or recipe.train.steps}"
    return check(recipe.model_dump(mode="json"), [*changes, "train.teacher_forcing=false", steps, *weights], recipe.name)


def select(stage: str) -> Select:
    """KeyIn's way to detect keyframes, with the weights of another stage."""
    return partial(KeyframeSelector, stage=stage)
