"""Errors that persist: where a frame is inpainted too far to the left, so is the next one.

A likelihood that takes the errors of neighbouring frames as independent counts one such mistake in every frame. Here the errors
of each feature along a segment are an autoregressive process of the first order, given that it has no error at the two keyframes
that the segment is inpainted between. Its two numbers are fitted to the errors on training sequences, after training and without
labels.

Shapes: F features; errors are what was observed minus what was expected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation
from keyin_cli.model.likelihood import SMALLEST, Gaussian, gaussian_nats

MOST = 0.98  # of an error that the next frame has, too
SEQUENCES = 64  # whose errors are looked at
SHARE = 0.5  # length of the segments that are looked at, of the longest


@dataclass(frozen=True)
class Persistence:
    """e_t = carried · e_{t-1} + noise, where e has the deviation `scale`; features that say nothing have `used` 0. All (F,)."""

    carried: Tensor
    scale: Tensor
    used: Tensor

    def nats(self, errors: Tensor) -> Tensor:
        """-log p of the errors (…,L,F) of segments from their first inpainted frame on, given that there is none at the last, a
        keyframe: (…)."""
        before = torch.cat([torch.zeros_like(errors[..., :1, :]), errors[..., :-1, :]], dim=-2)
        noise = (self.scale * (1 - self.carried.square()).sqrt()).log()
        chain = gaussian_nats(self.carried * before, errors, noise).sum(-2)
        at_end = (self.scale * (1 - self.carried.pow(2 * errors.shape[-2])).sqrt()).log()  # of a free process after L frames
        return ((chain - gaussian_nats(torch.zeros(()), torch.zeros(()), at_end)) * self.used).sum(-1)

    def price(self) -> float:
        """What a keyframe's features cost when they are sent alone: under their own distribution, of mean 0 and variance 1."""
        return float(self.used.sum()) * (0.5 + 0.5 * math.log(2 * math.pi))


@torch.no_grad()
def fitted(foundation: Foundation, frames: NDArray[np.generic], device: torch.device) -> Persistence | None:
    """The persistence of errors on sequences (n,T,*frame); None where frames are not compared as features."""
    likelihood, longest = foundation.decoder.likelihood, foundation.interpolator.max_offset
    length = min(max(3, round(SHARE * longest)), longest, frames.shape[1] - 1)
    if not isinstance(likelihood, Gaussian) or length < 3:
        return None
    found = torch.cat([segment_errors(foundation, sequence[None], length, device) for sequence in frames[:SEQUENCES]])
    errors = found.flatten(0, 1)[:, :-1]  # (segments,L-1,F), without the keyframes
    power = errors[:, :-1].square().sum((0, 1)).clamp_min(torch.finfo(errors.dtype).tiny)
    carried = ((errors[:, 1:] * errors[:, :-1]).sum((0, 1)) / power).clamp(0, MOST)
    return Persistence(carried, errors.square().mean((0, 1)).sqrt().clamp_min(math.exp(SMALLEST)), likelihood.used)


@torch.no_grad()
def segment_errors(foundation: Foundation, frames: NDArray[np.generic], length: int, device: torch.device) -> Tensor:
    """Errors of all segments of a length in sequences (n,T,*frame): (n,T-length,length,F)."""
    images = to_images(frames, device)
    decoder, embeddings = foundation.decoder, foundation.encoder(images)
    starts = images.shape[1] - length
    start, end = embeddings[:, :starts].flatten(0, 1), embeddings[:, length:].flatten(0, 1)
    generated = foundation.inpaint(start, end, torch.full((len(start),), length, device=device), length)
    expected = decoder.likelihood.mean(decoder(generated.unflatten(0, (len(images), starts)), images[:, :1, None]))
    observed: Tensor = decoder.observed(images[:, 1:]).unfold(1, length, 1).movedim(-1, 2)
    return observed - expected
