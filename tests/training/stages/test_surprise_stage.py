"""SVG-FP learns, from the codec of stage 1."""

from pathlib import Path

import numpy as np
import torch

from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.methods.surprise import Surprise
from keyin_cli.model.keyin import Foundation
from keyin_cli.recipe import check
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.surprise import SurpriseStage

FRAMES = draw(BrownianData(), simulate(BrownianData(), np.arange(40)).states)


def stage(*overrides: str) -> tuple[SurpriseStage, Foundation]:
    model = {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4}
    recipe = check({"name": "small", "model": model}, ["surprise.batch=6", "surprise.steps=10", *overrides])
    torch.manual_seed(1)
    foundation = Foundation(recipe)
    frames = {"train": FRAMES, "val": FRAMES[:10]}
    material = Material(recipe, frames, torch.device("cpu"), Path(), dict(foundation.state_dict()))
    return SurpriseStage(material, recipe.section(Surprise).weights.kl), foundation


def test_it_begins_with_the_codec_of_stage_1_and_trains_all_of_it() -> None:
    work, foundation = stage()
    for name, value in foundation.encoder.state_dict().items():
        torch.testing.assert_close(work.model.encoder.state_dict()[name], value)
    terms = work.terms(work.batch(0))
    sum(terms.values()).backward()
    assert all(parameter.grad is not None for parameter in work.model.parameters())


def test_a_few_steps_lower_the_loss() -> None:
    work, _ = stage()
    optimizer = torch.optim.Adam(work.model.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        terms = work.terms(work.batch(0))
        loss = terms["frames"] + terms["kl"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    first, again, other = stage()[0].batch(4), stage()[0].batch(4), stage("seed=1")[0].batch(4)
    torch.testing.assert_close(first["noise"], again["noise"], rtol=0, atol=0)
    assert torch.equal(first["frames"], again["frames"])
    assert not torch.equal(first["noise"], other["noise"])
