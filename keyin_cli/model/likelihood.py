"""How likely true frames are under what a decoder says: the error of every loss, in nats, and of every description length.

A decoder's outputs are logits of pixels, or means of features of whatever scale. `observed` frames are those that outputs are
compared with, in the same shape (…,*frame): images, or the features of images and signals.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from keyin_cli.model import losses
from keyin_cli.model.losses import Reduction, over_frame
from keyin_cli.model.precision import float32

SMALLEST, LARGEST = math.log(0.02), math.log(2.0)  # of a learned scale, in standard deviations of its feature


class Likelihood(nn.Module, ABC):
    """p(observed frame | a decoder's outputs)."""

    @abstractmethod
    def mean(self, outputs: Tensor) -> Tensor:
        """The expected frame, in the shape of the outputs (…,*frame). Mixtures of frames are mixtures of these."""

    @abstractmethod
    def error(self, outputs: Tensor, observed: Tensor, reduction: Reduction, fixed: bool = False) -> Tensor:
        """Nats of observed frames under outputs, summed or averaged over a frame: (…,*frame) twice -> (…). `fixed`: scales learn
        nothing from it."""

    @abstractmethod
    def mean_error(self, mean: Tensor, observed: Tensor, reduction: Reduction) -> Tensor:
        """The same, of expected frames."""

    def ignore(self, features: Tensor) -> None:
        """Leave out the features (F,) bool that say nothing."""

    @abstractmethod
    def price(self) -> float | None:
        """What the frame of a keyframe costs when it is sent alone, in nats; None where only the data can tell."""


class Bernoulli(Likelihood):
    """Pixels (…,H,W,C) in [0,1] as chances, outputs as their logits: binary cross-entropy, as in the paper."""

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs.sigmoid()

    def error(self, outputs: Tensor, observed: Tensor, reduction: Reduction, fixed: bool = False) -> Tensor:
        return losses.pixel_error(outputs, observed, reduction)

    def mean_error(self, mean: Tensor, observed: Tensor, reduction: Reduction) -> Tensor:
        return losses.mixture_error(mean, observed, reduction)

    def price(self) -> float | None:
        return None


class Gaussian(Likelihood):
    """Standardised features (…,F), every one with a scale σ of its own that is learned with everything else.

    A feature that cannot be predicted gets a scale near 1 and then hardly counts; one that can be is compared precisely.
    """

    used: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(features))
        self.register_buffer("used", torch.ones(features))  # 0 of features that never change, which say nothing

    @torch.no_grad()
    def ignore(self, features: Tensor) -> None:
        self.used.copy_(~features)

    def mean(self, outputs: Tensor) -> Tensor:
        return outputs

    def error(self, outputs: Tensor, observed: Tensor, reduction: Reduction, fixed: bool = False) -> Tensor:
        scale = self._log_scale.detach() if fixed else self._log_scale
        return over_frame(gaussian_nats(outputs, observed, scale) * self.used, 1, reduction)

    def mean_error(self, mean: Tensor, observed: Tensor, reduction: Reduction) -> Tensor:
        return self.error(mean, observed, reduction)

    @torch.no_grad()
    def price(self) -> float | None:
        """Σ ½ - log σ over the features where that is positive: how much more a frame costs under its features' own distribution,
        of variance 1, than when it is drawn without an error."""
        return float(((0.5 - self._log_scale).clamp_min(0) * self.used).sum())

    @property
    def _log_scale(self) -> Tensor:
        return self.log_scale.clamp(SMALLEST, LARGEST)


@float32
def gaussian_nats(mean: Tensor, value: Tensor, log_scale: Tensor) -> Tensor:
    """-log N(value; mean, exp(log_scale)²), elementwise, shapes broadcast."""
    return 0.5 * ((value - mean) * (-log_scale).exp()).square() + log_scale + 0.5 * math.log(2 * math.pi)
