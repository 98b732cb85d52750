"""Samples of discrete choices that have a gradient (Jang et al., 2017; Maddison et al., 2017). Pure functions of the noise."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional

HOTTEST, COLDEST = 1.0, 0.1  # temperatures of VTA
SMALLEST = 1e-6  # of uniform noise: its logarithm is finite


def annealed(share: float) -> float:
    """The temperature after a share of the training, 0 to 1: 0.1 + 0.9 · 0.999^(step / 100), as published for 100,000 steps."""
    return COLDEST + (HOTTEST - COLDEST) * math.exp(-share)


def logistic(uniform: Tensor) -> Tensor:
    """Logistic noise from uniform noise: the difference of two Gumbel variables."""
    kept = uniform.clamp(SMALLEST, 1 - SMALLEST)
    return kept.log() - (1 - kept).log()


def gumbel(uniform: Tensor) -> Tensor:
    """Gumbel noise from uniform noise."""
    return -(-uniform.clamp(SMALLEST, 1 - SMALLEST).log()).log()


def yes_or_no(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Samples of binary choices, all of one shape: 0 or 1, with the gradient of the relaxed sample (straight-through)."""
    relaxed = (logits + logistic(uniform)) / temperature
    soft = relaxed.sigmoid()
    return (relaxed > 0).to(soft) + (soft - soft.detach())


def divergence(logits: Tensor, prior: Tensor) -> Tensor:
    """KL of binary choices from a prior, both logits of any shape, in nats.

    It is that of the choices themselves, for samples are hard. Relaxed samples have a density, but its divergence is nearly the
    distance between logits: a prior that all but forbids what is unlikely anyway would cost as much as one that is wrong.
    """
    return logits.sigmoid() * (logits - prior) + functional.softplus(prior) - functional.softplus(logits)


def one_of_many(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Relaxed samples of a choice along the last axis: (…,K) that sum to 1."""
    return ((logits + gumbel(uniform)) / temperature).softmax(-1)
