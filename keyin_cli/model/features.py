"""Frames as a few standardised numbers: principal components of images, and signals as they are.

Neighbouring pixels of real images say the same; under independent pixels a moved arm is an error in a thousand of them. Principal
components are uncorrelated over the training frames, so a likelihood that looks at each by itself counts that arm once.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from keyin_cli.recipe.data import Frame

STILL = 1e-6  # deviation of a component that does not change; of a signal relative to its largest value
TINY = 1e-30  # below it, the inverse of a deviation is no number
EXTRA, ROUNDS = 16, 3  # of the randomised decomposition


class Features(nn.Module):
    """Frames (…,*frame.shape) <-> features (…,F), F = K components and D signals, each of mean 0 and deviation 1.

    Nothing here is trained: `fit` sets it from training frames, before the first step.
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor

    def __init__(self, frame: Frame, components: int) -> None:
        """`components`: K, of the pixels."""
        super().__init__()
        self.frame, self.components = frame, components
        self.count = count = components + frame.signals  # F
        self.register_buffer("mean", torch.zeros(frame.pixels + frame.signals))
        self.register_buffer("basis", torch.zeros(frame.pixels, components))
        self.register_buffer("scale", torch.ones(count))  # 0 of features that do not change over the training frames

    def forward(self, frames: Tensor) -> Tensor:
        """Frames (…,*frame.shape) -> (…,F)."""
        centred = frames.flatten(-3) - self.mean
        pixels, signals = centred.split([self.frame.pixels, self.frame.signals], dim=-1)
        return torch.cat([pixels @ self.basis, signals], dim=-1) * torch.where(self.scale > 0, 1 / self.scale, 0)

    def pixels(self, features: Tensor) -> Tensor:
        """The pixels of frames with these features (…,F), in [0,1]: (…,H,W,C)."""
        drawn = (features * self.scale)[..., : self.components] @ self.basis.T + self.mean[: self.frame.pixels]
        return drawn.clamp(0, 1).unflatten(-1, self.frame.image)

    @torch.no_grad()
    def fit(self, frames: Tensor) -> None:
        """Set the components and scales from training frames (n,*frame.shape)."""
        flat = frames.flatten(1)
        centred = flat - flat[0]  # exactly 0 of what stands still, whose mean would be rounded
        self.mean.copy_(flat[0] + (middle := centred.mean(0)))
        pixels, signals = centred.sub_(middle).split([self.frame.pixels, self.frame.signals], dim=1)
        if self.components:
            count = min(self.components + EXTRA, *pixels.shape)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                found = torch.svd_lowrank(pixels, count, ROUNDS)[2][:, : self.components]
            self.basis.zero_()
            self.basis[:, : found.shape[1]] = found
        largest = flat[:, self.frame.pixels :].abs().amax(0)
        deviations = torch.cat([_deviations(pixels @ self.basis), _deviations(signals)])
        least = torch.cat([torch.full((self.components,), STILL), (STILL * largest).clamp_min(TINY)])
        self.scale.copy_(torch.where(deviations > least, deviations, 0))


def _deviations(centred: Tensor) -> Tensor:
    """Standard deviations (F,) of (n,F) with mean 0, of whatever scale: the squares of very large or small values are none."""
    peak = centred.abs().amax(0)
    return peak * (centred / peak.clamp_min(TINY)).square().mean(0).sqrt()
