"""Rows with a soft loss alone: how much they see, and with which prior."""

import pytest

from keyin_cli.methods.variants import soft
from keyin_cli.recipe import Recipe, check

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
