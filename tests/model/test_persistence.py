"""Errors that persist along a segment."""

import math

import numpy as np
import torch

from keyin_cli.model.encoder import start_from
from keyin_cli.model.keyin import Foundation
from keyin_cli.model.persistence import Persistence, fitted, segment_errors
from keyin_cli.model.search import segment_costs
from keyin_cli.recipe import check

CPU = torch.device("cpu")
ONES = torch.ones(2)


def foundation() -> tuple[Foundation, np.ndarray]:
    """An untrained one of two signals, and 20 sequences of 12 frames of them."""
    recipe = check(
        {
            "name": "x",
            "data": {"kind": "episodes", "path": "x", "frames": 12, "signals": {"state": 2}},
            "window": {"conditioning": 1, "predicted": 11, "keyframes": 4, "max_offset": 6},
            "pretrain": {"lengths": [1, 6]},
            "model": {"codec": {"kind": "components", "embedding": 8}, "lstm": {"layers": 1, "units": 8}},
        }
    )
    frames = np.random.default_rng(0).normal(size=(20, 12, 1, 1, 2)).cumsum(1).astype(np.float32)
    torch.manual_seed(0)
    model = Foundation(recipe)
    start_from(model.encoder, model.decoder, frames)
    return model, frames


def test_nats_are_those_of_a_process_that_begins_without_an_error() -> None:
    carried, scale = torch.tensor([0.9, 0.0]), torch.tensor([0.5, 2.0])
    errors = torch.randn(3, 4, 2)
    expected = torch.zeros(3)
    for time in range(4):
        before = errors[:, time - 1] if time else torch.zeros(3, 2)
        noise = torch.distributions.Normal(carried * before, scale * (1 - carried**2).sqrt())
        expected -= noise.log_prob(errors[:, time]).sum(-1)
    torch.testing.assert_close(Persistence(carried, scale, ONES).nats(errors), expected)
    only = Persistence(carried, scale, torch.tensor([1.0, 0.0])).nats(errors)
    torch.testing.assert_close(only, Persistence(carried[:1], scale[:1], ONES[:1]).nats(errors[..., :1]))


def test_a_mistake_that_persists_is_counted_once() -> None:
    steady, jumping = torch.full((1, 8, 1), 1.0), torch.tensor([1.0, -1] * 4)[None, :, None]
    persistent = Persistence(torch.tensor([0.9]), torch.tensor([1.0]), torch.ones(1))
    independent = Persistence(torch.tensor([0.0]), torch.tensor([1.0]), torch.ones(1))
    assert persistent.nats(steady) < independent.nats(steady) == independent.nats(jumping) < persistent.nats(jumping)


def test_the_price_is_what_precise_features_save() -> None:
    scale = torch.tensor([math.exp(-2.0), 3.0])
    assert math.isclose(Persistence(torch.zeros(2), scale, ONES).price(), 2.0, rel_tol=1e-6)


def test_it_is_fitted_to_the_errors_of_inpainted_segments() -> None:
    model, frames = foundation()
    found = fitted(model, frames, CPU)
    assert found is not None
    errors = segment_errors(model, frames, 3, CPU)
    assert errors.shape == (20, 9, 3, 2)
    torch.testing.assert_close(found.scale, errors.square().mean((0, 1, 2)).sqrt(), rtol=1e-4, atol=1e-5)
    assert ((found.carried >= 0) & (found.carried < 1)).all()
    costs = segment_costs(model, frames[:1], CPU, found)
    torch.testing.assert_close(torch.from_numpy(costs[0, :9, 2]), found.nats(errors[0]), rtol=1e-3, atol=1e-3)
    assert np.isinf(costs[0, 9:, 2]).all()


def test_pixels_have_none() -> None:
    recipe = check({"name": "x", "model": {"codec": {"kind": "mlp", "embedding": 8}}})
    frames = np.zeros((2, recipe.window.frames, *recipe.data.image), np.uint8)
    assert fitted(Foundation(recipe), frames, CPU) is None
