"""Diagonal Gaussians whose deviation is at most 1, as VTA has them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

LEAST = 1e-4  # of a deviation: its logarithm is finite


@dataclass(frozen=True)
class Gaussian:
    """Mean and deviation, both (…,Z)."""

    mean: Tensor
    deviation: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """A sample from standard normal noise (…,Z)."""
        return self.mean + self.deviation * noise

    def divergence(self, prior: Gaussian) -> Tensor:
        """KL from another one: (…,), in nats."""
        ratio = (self.deviation / prior.deviation).square()
        away = ((self.mean - prior.mean) / prior.deviation).square()
        return 0.5 * (ratio + away - 1 - ratio.log()).sum(-1)


class Latent(nn.Module):
    """What a network says (…,I) as a Gaussian of Z values: linear, the deviation through a sigmoid."""

    def __init__(self, inputs: int, hidden: int, size: int) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Linear(inputs, hidden), nn.ELU())
        self.mean, self.deviation = nn.Linear(hidden, size), nn.Linear(hidden, size)

    def forward(self, inputs: Tensor) -> Gaussian:
        features = self.features(inputs)
        deviation: Tensor = torch.sigmoid(self.deviation(features))
        return Gaussian(self.mean(features), deviation.clamp(min=LEAST))
