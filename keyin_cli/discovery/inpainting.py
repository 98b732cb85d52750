"""Sequences drawn from true frames at given times, by the interpolator of stage 1."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli.model.encoder import to_images

if TYPE_CHECKING:
    from keyin_cli.discovery.selector import Frames, Times
    from keyin_cli.model.keyin import Foundation


@torch.no_grad()
def inpaint(foundation: Foundation, frames: Frames, times: Times, longest: int, device: torch.device) -> Frames:
    """Draw sequences from the frames at their keyframes and at both ends.

    Args:
        frames: K^0 and the N frames after it, (n,1+N,H,W,C) uint8, or with signals behind the images.
        times: keyframes among the times 1…N, (n,N) bool; where a gap exceeds `longest` (S), a frame in between is taken too.

    Returns:
        The N frames, (n,N,H,W,C) uint8.
    """
    drawn = []
    for sequence, selected in zip(frames, times, strict=True):
        images = to_images(sequence, device)
        embeddings, background = foundation.encoder(images), images[0]
        for begin, end in pairwise(chain_nodes(selected, longest)):
            pair, length = embeddings[[begin, end]][:, None], int(end - begin)
            inner = foundation.inpaint(pair[0], pair[1], torch.tensor([length], device=device), length)
            drawn.append(foundation.decoder.draw(foundation.decoder(inner[0], background)))
    return to_frames(torch.cat(drawn)).reshape(frames.shape[0], -1, *foundation.decoder.image)


def chain_nodes(times: Times, longest: int) -> NDArray[np.int64]:
    """Times 0…N that bound the segments of one sequence (N,): its keyframes, both ends, and cuts wherever a gap exceeds S."""
    nodes = [0, *(np.flatnonzero(times[:-1]) + 1), len(times)]
    cut = [np.arange(begin, end, longest) for begin, end in pairwise(nodes)]
    return np.concatenate([*cut, [len(times)]])


def to_frames(images: torch.Tensor) -> Frames:
    """Pixels in [0,1] -> uint8."""
    frames: Frames = (images * 255).round().to(torch.uint8).cpu().numpy()
    return frames
