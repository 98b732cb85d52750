"""What methods that are KeyIn with one thing changed have in common: a soft loss alone, scheduled by the section `soft`."""

from __future__ import annotations

from functools import partial

from keyin_cli.discovery.selector import Select
from keyin_cli.methods.keyin import KeyframeSelector
from keyin_cli.recipe import Recipe, check


def soft(recipe: Recipe, objective: str, *changes: str) -> Recipe:
    """A recipe with `changes`, `KEY=VALUE`, whose stage 2 has one phase, with the objective of a soft loss, and the prior of the
    section `soft`.

    Without a number of steps it sees as many sequences as KeyIn does in all phases together.
    """
    given, seen = recipe.soft, sum(phase.steps * phase.batch for phase in recipe.train.phases)
    steps = given.steps or -(-seen // given.batch)
    phase = given.model_dump(mode="json", exclude={"prior"}) | {"objective": objective, "steps": steps}
    tree = recipe.model_dump(mode="json")
    parts = {"train": tree["train"] | {"phases": [phase]}, "model": tree["model"] | {"prior": given.prior}}
    return check(tree | parts, changes, recipe.name)


def select(stage: str) -> Select:
    """KeyIn's way to detect keyframes, with the weights of another stage."""
    return partial(KeyframeSelector, stage=stage)
