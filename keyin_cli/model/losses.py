"""The terms of the losses, unweighted; recipes weight them. Pure functions.

Pixels are compared by binary cross-entropy per colour channel, embeddings by squared error. Over one frame they are summed
(nats per frame) or averaged, as the recipe's `model.reduction` says. Stages sum L_inter over the frames of a sequence
(formula 8) and average everything over the batch.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from keyin_cli.model.precision import float32

Reduction = Literal["sum", "mean"]
DARKEST = 1e-6  # mixtures of frames are kept this far from 0 and 1


def over_frame(errors: Tensor, dimensions: int, reduction: Reduction) -> Tensor:
    """Sum or average the last `dimensions` axes, those of one frame."""
    axes = tuple(range(-dimensions, 0))
    return errors.sum(axes) if reduction == "sum" else errors.mean(axes)


@float32
def pixel_error(logits: Tensor, truth: Tensor, reduction: Reduction) -> Tensor:
    """BCE between logits and images (…,H,W,C): (…), in nats."""
    return over_frame(functional.binary_cross_entropy_with_logits(logits, truth, reduction="none"), 3, reduction)


@float32
def mixture_error(probabilities: Tensor, truth: Tensor, reduction: Reduction) -> Tensor:
    """BCE between mixtures of frames and images (…,H,W,C): (…), in nats. A mixture of sigmoids has no logit of its own."""
    kept = probabilities.clamp(DARKEST, 1 - DARKEST)
    return over_frame(functional.binary_cross_entropy(kept, truth, reduction="none"), 3, reduction)


@float32
def embedding_error(predicted: Tensor, truth: Tensor, reduction: Reduction) -> Tensor:
    """Squared error between embeddings (…,E): (…)."""
    return over_frame((predicted - truth).square(), 1, reduction)


@float32
def kl_to_prior(mean: Tensor, log_std: Tensor) -> Tensor:
    """KL[N(mean, exp(log_std)) || N(0, I)] over the last axis, in nats."""
    return 0.5 * (mean.square() + (2 * log_std).exp() - 1 - 2 * log_std).sum(-1)


@float32
def offset_error(logits: Tensor, offsets: Tensor) -> Tensor:
    """-log of the chance that δ (logits (B,M,S)) gives to known offsets (B,M) int64: (B,M), in nats.

    A positive offset is known exactly. A negative one, -r, is censored: known to be more than r, because the sequence ends r
    frames after the last keyframe. Zero, and a censored one that no offset can meet, are not known at all and cost nothing.
    """
    steps = torch.arange(1, logits.shape[-1] + 1, device=logits.device)
    allowed = torch.where(offsets[..., None] > 0, steps == offsets[..., None], steps > -offsets[..., None])
    allowed = allowed | ~allowed.any(-1, keepdim=True)
    return -logits.log_softmax(-1).masked_fill(~allowed, -torch.inf).logsumexp(-1)


@float32
def per_keyframe(errors: Tensor, inside: Tensor) -> Tensor:
    """Σ_t c^t error^t / Σ_t c^t, averaged over the batch (formula 7). (B,M), (B,M) -> ().

    The sum of c^t is at least P(keyframe 1 is inside), which is positive whenever S <= N.
    """
    return ((inside * errors).sum(-1) / inside.sum(-1).clamp_min(1e-6)).mean()


@float32
def entropy(logits: Tensor) -> Tensor:
    """Mean entropy of the offset distributions with logits (B,M,S), in nats.

    Taken from the logits, because the gradient of δ log δ is not finite once a chance has become zero.
    """
    logs = logits.log_softmax(-1)
    return -(logs.exp() * logs).sum(-1).mean()
