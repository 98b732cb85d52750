"""Rows with a soft loss alone: how much they see, and with which prior."""

import json
from typing import Any

import pytest

from keyin_cli.methods.registry import method
from keyin_cli.methods.variants import soft
from keyin_cli.recipe import Recipe, check
from keyin_cli.registry import METHODS

PHASES = "train={phases: [{objective: marginal, steps: 100, batch: 64}, {objective: soft-pixels, steps: 30, batch: 10}]}"


def recipe(*overrides: str) -> Recipe:
    return check({"name": "mine"}, [PHASES, "soft.weights.entropy=2", *overrides])


def test_one_phase_that_sees_as_many_sequences() -> None:
    (phase,) = soft(recipe("soft.batch=32"), "soft-embeddings").train.phases
    assert (phase.objective, phase.batch, phase.weights.entropy) == ("soft-embeddings", 32, 2)
    assert phase.steps == 210  # 6,700 sequences
    (phase,) = soft(recipe("soft.steps=7"), "soft-embeddings").train.phases
    assert phase.steps == 7


@pytest.mark.parametrize("prior", ["fixed", "learned"])
def test_the_prior_is_its_own(prior: str) -> None:
    assert soft(recipe(f"model.prior={prior}"), "soft-pixels").model.prior == "fixed"
    assert soft(recipe(f"soft.prior={prior}"), "soft-pixels").model.prior == prior
    changed = soft(recipe(), "soft-pixels", "model.offsets={kind: static}")
    assert changed.model.offsets.kind == "static"


@pytest.mark.parametrize("name", [name for name in METHODS.cards if method(name).stage])
def test_where_a_recipe_says_how_long_a_stage_is_trained(name: str) -> None:
    """`keyin find` writes a number of steps there: it has to change what is trained."""
    spec = method(name).stage
    assert spec is not None
    tree: dict[str, Any] = {"name": "mine", "keyin_search": {"phases": [{"objective": "search"}]}, "train": {"phases": [{}]}}
    changed: Any = tree
    for key in spec.schedule:
        changed = changed.setdefault(key, {}) if isinstance(key, str) else changed[key]
    changed["steps"] = 777
    assert '"steps": 777' in json.dumps(spec.part(spec.variant(check(tree))))  # what decides the stage's result
