"""Phases of stage 2 in recipes: a list, whose single element needs none."""

import re

import pytest

from keyin_cli.errors import InputError
from keyin_cli.recipe import check

MINIMAL = {"name": "x", "data": {"kind": "brownian"}}
PHASES = {"phases": [{"objective": "search", "steps": 5}, {"objective": "soft-pixels", "lr": 2e-4}], "log_every": 7}


def test_phases_stand_in_a_list_whose_places_overrides_can_name() -> None:
    train = check({**MINIMAL, "train": PHASES}, ["train.phases.1.steps=3", "train.phases.0.weights.offsets=5"]).train
    assert [(phase.objective, phase.steps, phase.weights.offsets) for phase in train.phases] == [
        ("search", 5, 5),
        ("soft-pixels", 3, 1),
    ]
    assert (train.steps, train.log_every) == (8, 7)


def test_a_single_phase_needs_no_list() -> None:
    """Neither in a recipe, nor in overrides of one that has it as a list, which is how recipes are stored."""
    flat = check({**MINIMAL, "train": {"objective": "search", "weights": {"offsets": 5}}})
    again = check(flat.model_dump(mode="json"), ["train.steps=3", "train.weights.kl=1"])
    (phase,) = again.train.phases
    assert (phase.objective, phase.steps, phase.weights.offsets, phase.weights.kl) == ("search", 3, 5, 1)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("train.lr=1", "recipe: train.lr: of which phase? For example phases.0.lr"),
        ("train.phases.2.lr=1", "--set train.phases.2.lr=1: 2 is none of the places 0 to 1 of a list"),
        ("train.phases.last.lr=1", "--set train.phases.last.lr=1: last is none of the places 0 to 1 of a list"),
        ("train.phases.0.lr=-1", "recipe: train.phases.0.lr: Input should be greater than 0"),
        ("train.phases.0.rate=1", "recipe: train.phases.0.rate: unknown key; did you mean train.phases.0.lr?"),
        ("train.phases=[]", "recipe: train.phases: at least one is needed"),
        (
            "train.phases.0.grow=0.5",
            "recipe: train.phases.0.grow: the objective search has found the keyframes of whole sequences",
        ),
        (
            "train.phases=[{objective: soft-pixels, freeze: []}, {objective: search}]",
            "recipe: train.phases.1.objective: only soft-pixels may follow a phase that trains parts of stage 1",
        ),
    ],
)
def test_wrong_phases(override: str, line: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(line)}$"):
        check({**MINIMAL, "train": PHASES}, [override])
