"""Exact search for keyframes over a frozen interpolator: no keyframe model and no label.

Every segment (i, i+L) of a sequence is scored by how well the interpolator inpaints it from its two end frames; the best chain
of segments from K^0 to the last frame is found by dynamic programming, every keyframe in between at a price.

The automatic price is what a keyframe costs to send without its neighbours: its nats under independent pixels with the mean of
the training split (`frame_nats`), or of its sequence where the decoder is given the still background. So a chain's total is a
description length, and the rule needs no label and no tuning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli.model.encoder import Decoder, to_images
from keyin_cli.model.keyin import Foundation
from keyin_cli.model.persistence import Persistence

Costs = NDArray[np.float32]
VALUES = torch.arange(256, dtype=torch.float64) / 255  # of a pixel


@torch.no_grad()
def segment_costs(
    foundation: Foundation, frames: NDArray[np.uint8], device: torch.device, persistence: Persistence | None = None
) -> Costs:
    """Nats of the frames i+1 … i+L inpainted from the frames i and i+L.

    Args:
        frames: (n,N+1,H,W,C) uint8: K^0 and the N frames after it.
        persistence: of errors along a segment; None takes those of neighbouring frames as independent.

    Returns:
        (n,N+1,S) float32, entry [:, i, L-1]; infinite where i+L > N.
    """
    images = to_images(frames, device)
    decoder, embeddings = foundation.decoder, foundation.encoder(images)
    observed = decoder.observed(images[:, 1:])
    n, count = images.shape[:2]
    last = count - 1
    costs = torch.full((n, count, foundation.interpolator.max_offset), torch.inf)
    for length in range(1, min(foundation.interpolator.max_offset, last) + 1):
        starts = last - length + 1
        start, end = embeddings[:, :starts].flatten(0, 1), embeddings[:, length:].flatten(0, 1)
        generated = foundation.inpaint(start, end, torch.full((len(start),), length, device=device), length)
        truth = observed.unfold(1, length, 1).movedim(-1, 2)  # (n,starts,length,*frame)
        outputs = decoder(generated.unflatten(0, (n, starts)), images[:, :1, None])
        if persistence is None:
            nats = decoder.likelihood.error(outputs, truth, "sum").sum(-1)
        else:
            nats = persistence.nats(truth - outputs)
        costs[:, :starts, length - 1] = nats.cpu()
    return costs.numpy()


def cheapest_chain(costs: Costs, price: float) -> NDArray[np.bool_]:
    """Keyframes of the cheapest chain of segments from time 0 to time N: (n,N+1,S) -> (n,N) bool for the times 1…N.

    The end of the sequence closes the last segment and is no keyframe. Of segments that cost the same the longest is taken: where
    nothing changes, and so a keyframe costs nothing, there are few.
    """
    n, count, longest = costs.shape
    last = count - 1
    best = np.full((n, count), np.inf)
    best[:, 0] = 0
    back = np.zeros((n, count), dtype=np.int64)
    for time in range(1, count):
        lengths = np.arange(min(longest, time), 0, -1)
        totals = best[:, time - lengths] + costs[:, time - lengths, lengths - 1] + (price if time < last else 0.0)
        choice = totals.argmin(axis=1)
        best[:, time] = totals[np.arange(n), choice]
        back[:, time] = lengths[choice]
    keyframes = np.zeros((n, count), dtype=np.bool_)
    at = np.full(n, last)
    while (at > 0).any():
        at = at - back[np.arange(n), at]
        keyframes[np.arange(n), at] = True
    return keyframes[:, 1:]


def chain_costs(costs: Costs, keyframes: NDArray[np.bool_], price: float) -> NDArray[np.float64]:
    """Description length (n,) of given chains (n,N): nats of all segments and the price of every keyframe before N.

    Infinite when two keyframes are further apart than S.
    """
    totals = np.zeros(len(costs))
    last = keyframes.shape[1]
    for row, times in enumerate(keyframes):
        inner = np.flatnonzero(times[:-1]) + 1
        nodes = np.concatenate([[0], inner, [last]])
        lengths = np.diff(nodes)
        fits = (lengths <= costs.shape[2]).all()
        totals[row] = costs[row, nodes[:-1], lengths - 1].sum() + price * len(inner) if fits else np.inf
    return totals


def shifted(keyframes: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Keyframes (n,N) moved by a number of frames, earlier when it is negative; those that leave the times 1…N are dropped."""
    moved = np.roll(keyframes, by, axis=1)
    moved[:, slice(by) if by >= 0 else slice(by, None)] = False
    return moved


def keyframe_price(price: float | Literal["auto"], training: Callable[[], NDArray[np.uint8]], decoder: Decoder) -> float:
    """The price of a keyframe in nats: as given, or that of the decoder's likelihood, or `keyframe_nats` of the training
    sequences (n,T,H,W,C)."""
    if price != "auto":
        return price
    own = decoder.likelihood.price()
    return keyframe_nats(training(), decoder.draws_on_background) if own is None else own


def keyframe_nats(frames: NDArray[np.uint8], background: bool) -> float:
    """The price of a keyframe, from training sequences (n,T,H,W,C); `background`: the decoder is given what stands still."""
    return float(np.mean([frame_nats(sequence[None]) for sequence in frames])) if background else frame_nats(frames)


def frame_nats(frames: NDArray[np.uint8]) -> float:
    """Mean nats of a frame of (n,T,H,W,C) under independent pixels with these frames' mean image.

    Counted above what it costs under itself: pixels between black and white have an entropy that no model can save.
    """
    mean = torch.from_numpy(frames.mean(axis=(0, 1), dtype=np.float64) / 255)
    own = np.mean([_nats(VALUES)[sequence].sum() for sequence in frames]) / frames.shape[1]
    return float(_nats(mean).sum() - own)


def _nats(mean: Tensor) -> NDArray[np.float64]:
    """Entropy of pixels that are white in that share of the cases."""
    return (torch.special.entr(mean) + torch.special.entr(1 - mean)).numpy()
