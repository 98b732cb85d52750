"""Keyframes of a whole episode, of whatever length: exact search over all of it, or the keyframe model moved along it.

Shapes: an episode has n frames; times are 0…n-1, and the first frame is never a keyframe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.persistence import Persistence
from keyin_cli.model.search import Costs, cheapest_chain, segment_costs, shifted
from keyin_cli.recipe import Window

Frames = NDArray[Any]  # uint8, with signals float32
Times = NDArray[np.bool_]
Probability = NDArray[np.float64]

BLOCK = 64  # frames of an episode that are encoded at once
WINDOWS = 16  # places of the keyframe model at once
CLOSEST = 1e-3  # relative, to which a price is searched that gives a number of keyframes


def episode_costs(
    foundation: Foundation,
    read: Callable[[int, int], Frames],
    count: int,
    device: torch.device,
    persistence: Persistence | None = None,
) -> Costs:
    """Nats of the frames i+1 … i+L inpainted from the frames i and i+L; time and memory are linear in the length.

    Args:
        read: the frames `begin` … `end - 1` (k,H,W,C) of the episode.
        count: n.
        persistence: of errors, see `model.persistence`; None takes them as independent.

    Returns:
        (n,S) float32, entry [i, L-1]; infinite where i+L > n-1. Where a decoder draws on a background that is the first frame of
        a block of 64.
    """
    longest = foundation.interpolator.max_offset
    blocks = []
    for begin in range(0, count, BLOCK):
        block = read(begin, min(begin + BLOCK + longest, count))
        blocks.append(segment_costs(foundation, block[None], device, persistence)[0, : min(BLOCK, count - begin)])
    return np.concatenate(blocks)


def searched(costs: Costs, price: float, shift: int = 0) -> Times:
    """Keyframes (n,) of the cheapest chain of segments from the first to the last frame, from segment costs (n,S)."""
    found = shifted(cheapest_chain(costs[None], price), shift)[0]
    found[-1:] = False  # closes the last segment; of an episode of one frame there is none
    return np.concatenate([[False], found])


def price_for(costs: Sequence[Costs], wanted: float) -> float:
    """The price in nats at which the episodes have, on average, as many keyframes as wanted, or just fewer; 0 where they have no
    more even when keyframes cost nothing.

    More is paid for fewer: the number falls as the price rises, in steps.
    """

    def count(price: float) -> float:
        return float(np.mean([searched(each, price).sum() for each in costs]))

    low, high = 0.0, 1.0
    if count(low) <= wanted:
        return low
    while count(high) > wanted and high < 1e12:
        low, high = high, 4 * high
    while high - low > CLOSEST * high:
        middle = (low + high) / 2
        low, high = (middle, high) if count(middle) > wanted else (low, middle)
    return high


def probability(model: KeyIn, frames: Frames, stride: int, device: torch.device) -> Probability:
    """The chance that each frame is a keyframe: Σ_t τ^t_j of the keyframe model, averaged over all its places along the episode.

    Args:
        frames: (n,H,W,C) uint8. An episode shorter than a window is continued with its last frame.
        stride: frames from one place to the next.

    Returns:
        (n,) float64; 0 for frames that no window predicts, the first ones.
    """
    return averaged(model.probability, model.recipe.window, frames, stride, device)


def averaged(
    look: Callable[[Tensor], Tensor], window: Window, frames: Frames, stride: int, device: torch.device
) -> NDArray[np.float64]:
    """What is said of each frame at all places of a window along an episode, on average.

    Args:
        look: windows (k,T+N,H,W,C) in [0,1] -> (k,m), what is said of the m frames after the T first.
        frames: (n,H,W,C) uint8. An episode shorter than a window is continued with its last frame.
        stride: frames from one place to the next.

    Returns:
        (n,) float64; 0 for frames of which nothing is said.
    """
    padded = frames if len(frames) >= window.frames else _continued(frames, window.frames)
    begins = np.unique([*range(0, len(padded) - window.frames + 1, stride), len(padded) - window.frames])
    total, seen = np.zeros(len(padded)), np.zeros(len(padded))
    for some in _groups(begins, WINDOWS):
        images = to_images(np.stack([padded[begin : begin + window.frames] for begin in some]), device)
        for begin, said in zip(some, look(images).cpu().numpy(), strict=True):
            first = begin + window.conditioning
            total[first : first + len(said)] += said
            seen[first : first + len(said)] += 1
    return (total / np.maximum(seen, 1))[: len(frames)]


def peaks(chances: Probability, least: float) -> Times:
    """The frames (n,) where the chance (n,) is highest among neighbours and, with its two neighbours, at least `least`."""
    padded = np.concatenate([[-1.0], chances, [-1.0]])
    before, at, after = padded[:-2], padded[1:-1], padded[2:]
    mass = np.convolve(chances, np.ones(3), mode="same") if len(chances) >= 3 else chances
    found: Times = (at >= before) & (at > after) & (mass >= least)
    return found


def least_for(chances: Sequence[Probability], wanted: float) -> float:
    """The least chance at which the episodes have, on average, as many peaks as wanted, or just fewer."""
    low, high = 0.0, 3.0
    while high - low > CLOSEST:
        middle = (low + high) / 2
        count = np.mean([peaks(each, middle).sum() for each in chances])
        low, high = (middle, high) if count > wanted else (low, middle)
    return high


def _continued(frames: Frames, length: int) -> Frames:
    return np.concatenate([frames, np.repeat(frames[-1:], length - len(frames), axis=0)])


def _groups(values: NDArray[Any], size: int) -> Iterator[NDArray[Any]]:
    for begin in range(0, len(values), size):
        yield values[begin : begin + size]
