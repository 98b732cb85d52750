"""Likelihoods: nats of true frames, and what a keyframe costs."""

import math

import pytest
import torch

from keyin_cli.model import losses
from keyin_cli.model.likelihood import LARGEST, SMALLEST, Bernoulli, Gaussian


def test_bernoulli_is_the_cross_entropy_of_the_paper() -> None:
    likelihood, outputs, frames = Bernoulli(), torch.randn(2, 3, 4, 4, 1), torch.rand(2, 3, 4, 4, 1)
    nats = likelihood.error(outputs, frames, "sum")
    assert torch.equal(nats, losses.pixel_error(outputs, frames, "sum"))
    torch.testing.assert_close(likelihood.mean_error(likelihood.mean(outputs), frames, "sum"), nats, rtol=1e-4, atol=1e-4)
    assert likelihood.price() is None


def test_gaussian_is_a_normal_distribution_with_a_scale_for_each_feature() -> None:
    likelihood = Gaussian(3)
    scale = torch.tensor([0.1, 1.0, 1.5])
    likelihood.log_scale.data = scale.log()
    outputs, observed = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    expected = -torch.distributions.Normal(outputs, scale).log_prob(observed)
    torch.testing.assert_close(likelihood.error(outputs, observed, "sum"), expected.sum(-1))
    torch.testing.assert_close(likelihood.error(outputs, observed, "mean"), expected.mean(-1))
    assert torch.equal(likelihood.mean(outputs), outputs)
    likelihood.ignore(torch.tensor([False, True, False]))
    torch.testing.assert_close(likelihood.error(outputs, observed, "sum"), expected[..., [0, 2]].sum(-1))


def test_the_scale_is_learned_from_errors() -> None:
    """The most likely scale is the deviation of the errors."""
    likelihood, errors = Gaussian(1), torch.tensor([[0.3], [-0.3], [0.3], [-0.3]])
    optimiser = torch.optim.Adam(likelihood.parameters(), lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        likelihood.error(torch.zeros(4, 1), errors, "sum").mean().backward()
        optimiser.step()
    assert likelihood.log_scale.exp().item() == pytest.approx(0.3, rel=0.02)


def test_scales_stay_within_bounds() -> None:
    likelihood, value = Gaussian(2), torch.zeros(1, 2)
    likelihood.log_scale.data = torch.tensor([-50.0, 50.0])
    nats = likelihood.error(value, value, "sum")
    assert nats.item() == pytest.approx(SMALLEST + LARGEST + math.log(2 * math.pi), rel=1e-5)


def test_a_keyframe_costs_what_its_features_cost_by_themselves_and_not_when_they_are_drawn_without_an_error() -> None:
    likelihood = Gaussian(4)
    likelihood.log_scale.data = torch.tensor([-1.0, -2.0, 0.6, -3.0])
    likelihood.ignore(torch.tensor([False, False, False, True]))
    assert likelihood.price() == pytest.approx(1.5 + 2.5)
    alone = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0))
    own = -torch.distributions.Normal(0.0, 1.0).log_prob(alone).mean()
    single = Gaussian(1)
    single.log_scale.data = torch.tensor([-1.0])
    without_error = single.error(alone, alone, "sum").mean()
    assert single.price() == pytest.approx((own - without_error).item(), abs=0.01)


def test_scales_learn_nothing_from_what_is_fixed() -> None:
    likelihood, outputs = Gaussian(2), torch.zeros(3, 2, requires_grad=True)
    likelihood.error(outputs, torch.ones(3, 2), "sum", fixed=True).sum().backward()
    assert likelihood.log_scale.grad is None
    assert outputs.grad is not None
    assert torch.equal(likelihood.error(outputs, outputs, "sum"), likelihood.error(outputs, outputs, "sum", fixed=True))
