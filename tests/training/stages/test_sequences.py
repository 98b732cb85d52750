"""Stages that learn from whole sequences go on from the codec of stage 1, and learn."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_brownian import frames, recipe

from keyin_cli.methods.surprise import Surprise
from keyin_cli.methods.tap import Tap
from keyin_cli.model.keyin import Foundation
from keyin_cli.recipe import Recipe
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.sequences import SequenceStage
from keyin_cli.training.stages.surprise import SurpriseStage
from keyin_cli.training.stages.tap import TapStage

FRAMES = frames(40)


def surprise(material: Material, recipe: Recipe) -> SequenceStage:
    return SurpriseStage(material, recipe.section(Surprise).weights.kl)


def tap(material: Material, recipe: Recipe) -> SequenceStage:
    return TapStage(material, recipe.section(Tap).margin)


every = pytest.mark.parametrize(("make", "drawn"), [(surprise, "noise"), (tap, "start")], ids=["surprise", "tap"])
Make = Callable[[Material, Recipe], SequenceStage]


def stage(make: Make, *overrides: str) -> tuple[SequenceStage, Foundation]:
    small = recipe("surprise.batch=6", "surprise.steps=10", "tap.batch=12", "tap.steps=10", *overrides)
    torch.manual_seed(1)
    foundation = Foundation(small)
    material = Material(small, {"train": FRAMES, "val": FRAMES[:10]}, torch.device("cpu"), Path(), dict(foundation.state_dict()))
    return make(material, small), foundation


def loss(work: SequenceStage, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    terms = work.terms(batch)
    return sum(weight * terms[name] for name, weight in work.weights(0).items())


@every
def test_it_begins_with_the_codec_of_stage_1_and_trains_all_of_it(make: Make, drawn: str) -> None:
    work, foundation = stage(make)
    for part in ("encoder", "decoder"):
        for name, value in getattr(foundation, part).state_dict().items():
            torch.testing.assert_close(getattr(work.model, part).state_dict()[name], value, rtol=0, atol=0)
    loss(work, work.batch(0)).backward()
    assert all(parameter.grad is not None for parameter in work.model.parameters())


@every
def test_a_few_steps_lower_the_loss(make: Make, drawn: str) -> None:
    work, _ = stage(make, "surprise.weights.kl=1")
    optimizer = torch.optim.Adam(work.model.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        (each := loss(work, work.batch(0))).backward()
        optimizer.step()
        losses.append(float(each.detach()))
    assert losses[-1] < 0.7 * losses[0]


@every
def test_a_batch_is_a_function_of_seed_and_step(make: Make, drawn: str) -> None:
    first, again, other, later = (stage(make, f"seed={seed}")[0].batch(step) for seed, step in ((0, 4), (0, 4), (1, 4), (0, 5)))
    assert {"frames", drawn} <= first.keys()
    for name, value in first.items():
        assert torch.equal(value, again[name])
    for different in (other, later):
        assert not torch.equal(first["frames"], different["frames"])
        assert not torch.equal(first[drawn], different[drawn])
