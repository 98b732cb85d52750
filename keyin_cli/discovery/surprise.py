"""Keyframes by surprise (Algorithm 3): the times at which a frame-by-frame model needs its latent most."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli.model import losses
from keyin_cli.model.encoder import to_images
from keyin_cli.model.svg import Svg


def surprise(model: Svg, frames: NDArray[np.uint8], device: torch.device) -> NDArray[np.float32]:
    """s_t = KL[q(z_t | I_0:t) || p(z_t)] of every frame after the first: (n,L,H,W,C) uint8 -> (n,L-1) float32, in nats."""
    with torch.no_grad():
        scores: NDArray[np.float32] = losses.kl_to_prior(*model.infer(model.encoder(to_images(frames, device)))).cpu().numpy()
    return scores


def peaks(scores: NDArray[np.floating], count: int) -> NDArray[np.bool_]:
    """The `count` most surprising times (Algorithm 3): peaks first, then the largest of the rest. (n,L) -> (n,L) bool.

    A peak is greater than both neighbours (the printed algorithm has a sign error); the first and the last time have one.
    """
    padded = np.pad(scores, ((0, 0), (1, 1)), constant_values=-np.inf)
    is_peak = (scores > padded[:, :-2]) & (scores > padded[:, 2:])
    order = np.lexsort((-scores, ~is_peak), axis=1)[:, :count]
    chosen = np.zeros(scores.shape, dtype=np.bool_)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen
