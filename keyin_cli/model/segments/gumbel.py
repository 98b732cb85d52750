"""Samples of discrete choices that have a gradient (Jang et al., 2017; Maddison et al., 2017). Pure functions of the noise."""

from __future__ import annotations

from torch import Tensor

SMALLEST = 1e-6  # of uniform noise: its logarithm is finite


def gumbel(uniform: Tensor) -> Tensor:
    """Gumbel noise from uniform noise."""
    return -(-uniform.clamp(SMALLEST, 1 - SMALLEST).log()).log()


def one_of_many(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Relaxed samples of a choice along the last axis: (…,K) that sum to 1."""
    return ((logits + gumbel(uniform)) / temperature).softmax(-1)
