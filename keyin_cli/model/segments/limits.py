"""Limits on segments that begin at known frames (B,L), 1 where one does, else 0. Pure functions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SURE = 2 * math.log(0.999 / 0.001)  # logit of VTA's prior where a limit decides, as in its public code


def ages(begins: Tensor) -> Tensor:
    """How many frames the segment of each frame has by then, itself included: (B,L). The first frame begins one."""
    frames = torch.arange(begins.shape[1], device=begins.device).expand(begins.shape)
    last = torch.where(begins > 0, frames, 0).cummax(1).values
    return frames - last + 1


def limited(logits: Tensor, begins: Tensor, longest: int, most: int) -> Tensor:
    """VTA's prior on the next boundary (Kim et al., 2019, equation 4): (B,L) logits that a segment begins behind each frame.

    Once a sequence has `most` segments, no other begins; but where one has `longest` frames, the next does.

    Args:
        logits: (B,L), what the network says.
        begins: (B,L), where segments do begin.
        longest: frames of a segment.
        most: segments of a sequence.
    """
    full = begins.detach().round().cumsum(1) >= most
    over = ages(begins.detach().round()) >= longest
    return torch.where(over, SURE, torch.where(full, -SURE, logits))
