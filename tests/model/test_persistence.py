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


def test_nats_are_those_of_a_process_that_has_no_error_at_both_ends() -> None:
    """By the covariance of the stationary process at all times of the segment, given its values at the ends."""
    carried, scale, length = 0.9, 0.5, 5
    times = torch.arange(length + 1.0)
    covariance = scale**2 * carried ** (times[:, None] - times).abs()
    inner, ends = torch.arange(1, length), torch.tensor([0, length])
    across = covariance[inner][:, ends]
    given = covariance[inner][:, inner] - across @ torch.linalg.solve(covariance[ends][:, ends], across.mT)
    errors = torch.randn(3, length, 1)
    errors[:, -1] = 0
    expected = -torch.distributions.MultivariateNormal(torch.zeros(length - 1), given).log_prob(errors[:, :-1, 0])
    process = Persistence(torch.tensor([carried]), torch.tensor([scale]), torch.ones(1))
    torch.testing.assert_close(process.nats(errors), expected, rtol=1e-4, atol=1e-4)


def test_features_that_say_nothing_do_not_count() -> None:
    carried, scale, errors = torch.tensor([0.9, 0.0]), torch.tensor([0.5, 2.0]), torch.randn(3, 4, 2)
    only = Persistence(carried, scale, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(only.nats(errors), Persistence(carried[:1], scale[:1], ONES[:1]).nats(errors[..., :1]))


def test_a_frame_after_a_keyframe_that_is_a_keyframe_costs_its_price_alone() -> None:
    process = Persistence(torch.tensor([0.9, 0.0]), torch.tensor([0.5, 2.0]), ONES)
    torch.testing.assert_close(process.nats(torch.zeros(1, 1, 2)), torch.zeros(1))


def test_a_mistake_that_persists_is_counted_once() -> None:
    steady, jumping = torch.full((1, 8, 1), 1.0), torch.tensor([1.0, -1] * 4)[None, :, None]
    persistent = Persistence(torch.tensor([0.9]), torch.tensor([1.0]), torch.ones(1))
    independent = Persistence(torch.tensor([0.0]), torch.tensor([1.0]), torch.ones(1))
    assert persistent.nats(steady) < independent.nats(steady) == independent.nats(jumping) < persistent.nats(jumping)


def test_the_price_is_the_entropy_of_standardised_features() -> None:
    assert math.isclose(Persistence(ONES, ONES, torch.tensor([1.0, 0.0])).price(), 1.4189385, rel_tol=1e-6)


def test_it_is_fitted_to_the_errors_of_inpainted_segments() -> None:
    model, frames = foundation()
    found = fitted(model, frames, CPU)
    assert found is not None
    errors = segment_errors(model, frames, 3, CPU)
    assert errors.shape == (20, 9, 3, 2)
    torch.testing.assert_close(found.scale, errors[:, :, :-1].square().mean((0, 1, 2)).sqrt(), rtol=1e-4, atol=1e-5)
    assert ((found.carried >= 0) & (found.carried < 1)).all()
    costs = segment_costs(model, frames[:1], CPU, found)
    torch.testing.assert_close(torch.from_numpy(costs[0, :9, 2]), found.nats(errors[0]), rtol=1e-3, atol=1e-3)
    assert np.isinf(costs[0, 9:, 2]).all()


def test_pixels_have_none() -> None:
    recipe = check({"name": "x", "model": {"codec": {"kind": "mlp", "embedding": 8}}})
    frames = np.zeros((2, recipe.window.frames, *recipe.data.image), np.uint8)
    assert fitted(Foundation(recipe), frames, CPU) is None
