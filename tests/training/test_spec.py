"""What decides the result of a stage, and what a manifest of any age says of it."""

import pytest
import torch
from torch import nn

from keyin_cli.methods.registry import stage, stages
from keyin_cli.recipe import check
from keyin_cli.training.spec import comparable

MINIMAL = {"name": "x", "data": {"kind": "brownian"}}


def test_parts_hold_what_decides_a_stage() -> None:
    parts = {name: stage(name).part(check(MINIMAL)) for name in ("interpolator", "keyin", "surprise")}

    def changed(*overrides: str) -> set[str]:
        other = check(MINIMAL, overrides)
        return {name for name, part in parts.items() if stage(name).part(other) != part}

    assert changed("name=y", "device=cpu", "data.path=elsewhere", "discovery.calibration=3") == set()
    assert changed("data.seed=1") == changed("seed=1") == changed("pretrain.lr=1") == changed("model.lstm.units=3") == set(parts)
    assert changed("train.lr=1") == changed("discovery.price=3") == {"keyin"}
    assert changed("model.latent=3") == {"keyin", "surprise"}
    assert changed("surprise.steps=3") == {"surprise"}
    assert changed("discovery.shift=-1") == changed("train.teacher_forcing=true", "train.objective=search") == {"keyin"}


@pytest.mark.parametrize("name", list(stages()))
@pytest.mark.parametrize(
    "override",
    [
        "model.latent=3",
        "model.lstm={layers: 1, units: 5}",
        "model.codec.embedding=7",
        "model.interpolator={kind: stochastic, latent: 3}",
        "model.inference={kind: bare}",
        "window.max_offset=11",
    ],
)
def test_parts_hold_what_the_size_of_a_model_depends_on(name: str, override: str) -> None:
    spec, small = stage(name), ["model.codec={kind: mlp, embedding: 8, hidden: [4]}", "model.lstm.units=4"]
    before, after = (spec.variant(check(MINIMAL, [*small, *more])) for more in ([], [override]))
    if shapes(spec.model(before)) != shapes(spec.model(after)):
        assert spec.part(before) != spec.part(after)


def shapes(model: nn.Module) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in model.state_dict().items()}


def test_the_latent_of_surprise_is_no_news_to_runs_from_before_it_was_a_key() -> None:
    assert "latent" not in stage("surprise").part(check(MINIMAL, ["model.latent=16"]))


@pytest.mark.parametrize("name", list(stages()))
def test_how_often_something_is_written_decides_nothing(name: str) -> None:
    keys = [
        f"{section}.{key}=7" for section in ("pretrain", "train", "surprise", "tap") for key in ("log_every", "checkpoint_every")
    ]
    often = check(MINIMAL, [*keys, "train.validate_every=3"])
    assert stage(name).part(often) == stage(name).part(check(MINIMAL))


def test_parts_of_older_manifests_are_compared_as_they_would_be_written_now() -> None:
    old = {"seed": 0, "train": {"lr": 1, "log_every": 50}, "discovery": {"price": "auto", "earlier": 1}}
    part = comparable(old)
    (phase,) = part["train"].pop("phases")
    assert part == {"seed": 0, "train": {}, "discovery": {"price": "auto", "shift": -1}}
    assert (phase["lr"], phase["objective"], phase["freeze"]) == (1, "soft-pixels", ["encoder", "decoder", "interpolator"])
    assert old["discovery"] == {"price": "auto", "earlier": 1}
