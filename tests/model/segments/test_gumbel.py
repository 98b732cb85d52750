"""Relaxed samples against what they relax."""

import math

import pytest
import torch

from keyin_cli.model.segments import gumbel


def test_the_temperature_goes_from_one_towards_a_tenth() -> None:
    assert gumbel.annealed(0) == 1
    assert gumbel.annealed(1) == pytest.approx(0.1 + 0.9 * 0.999**1000, abs=1e-3)


def test_binary_samples_are_one_as_often_as_their_chance_says_whatever_the_temperature() -> None:
    uniform = (torch.arange(1000) + 0.5) / 1000
    logits = torch.full((1000,), math.log(0.3 / 0.7))
    for temperature in (1.0, 0.1):
        hard = gumbel.yes_or_no(logits, uniform, temperature)
        assert set(hard.round(decimals=5).tolist()) == {0.0, 1.0}
        assert hard.mean().item() == pytest.approx(0.3, abs=2e-3)


def test_a_hard_sample_has_the_gradient_of_the_relaxed_one() -> None:
    logits = torch.tensor([0.3, -1.0], requires_grad=True)
    uniform = torch.tensor([0.6, 0.2])
    hard = gumbel.yes_or_no(logits, uniform, 0.5)
    (slope,) = torch.autograd.grad(hard.sum(), logits)
    (expected,) = torch.autograd.grad(((logits + uniform.logit()) / 0.5).sigmoid().sum(), logits)
    torch.testing.assert_close(slope, expected)


def test_divergence_is_that_of_bernoulli_choices() -> None:
    logits, prior = torch.tensor([0.3, -2.0, 9.0, 0.0]), torch.tensor([0.3, 1.0, -13.8, 13.8])
    one, other = (torch.distributions.Bernoulli(logits=each) for each in (logits, prior))
    torch.testing.assert_close(gumbel.divergence(logits, prior), torch.distributions.kl_divergence(one, other))
    assert gumbel.divergence(torch.tensor(-8.0), torch.tensor(-13.8)).item() < 3e-3  # both all but forbid it


def test_choices_follow_their_logits_and_never_take_what_cannot_be() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([0.0, math.log(3.0), -1e9]).expand(4000, 3)
    samples = gumbel.one_of_many(logits, torch.rand(4000, 3), 0.5)
    torch.testing.assert_close(samples.sum(-1), torch.ones(4000))
    often = torch.nn.functional.one_hot(samples.argmax(-1), 3).float().mean(0)
    torch.testing.assert_close(often, torch.tensor([0.25, 0.75, 0.0]), atol=0.03, rtol=0)
