"""Which frames belong to which segment where boundaries are relaxed (CompILE; Kipf et al., 2019, section 2). Pure functions.

The boundary of a segment is a distribution over frames (B,L): the first frame behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

NEVER = -1e9  # logit of what cannot be; finite, so that a product with its chance, 0, is 0


def behind(boundaries: Sequence[Tensor]) -> Tensor:
    """How far each frame lies behind all boundaries (B,L) so far: the product of their cumulative sums, (B,L) in [0,1]."""
    return torch.stack([each.cumsum(1) for each in boundaries]).prod(0)


def within(boundary: Tensor, mask: Tensor) -> Tensor:
    """How much of each frame belongs to the segment that ends before `boundary`, where those before it leave `mask`: (B,L)."""
    return mask * (1 - boundary.cumsum(1))


def poisson(length: int, rate: float) -> Tensor:
    """Log chances (length,) that a segment has 0, 1, …, length - 1 frames: Poisson's with that mean, normalised again."""
    frames = torch.arange(length, dtype=torch.float32)
    return (frames * torch.tensor(rate).log() - (frames + 1).lgamma()).log_softmax(0)


def divergence(logits: Tensor, log_prior: Tensor) -> Tensor:
    """KL of choices with logits (B,L), all finite, from a prior (L,): (B,), in nats."""
    logs = logits.log_softmax(-1)
    return (logs.exp() * (logs - log_prior)).sum(-1)
