"""Recurrent networks whose memory is emptied where a segment begins, and the detectors of such frames."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional


class Reset(nn.Module):
    """A GRU (B,L,I) -> (B,L,H) whose memory is multiplied by `keep` (B,L) before each frame."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(inputs, hidden)

    def forward(self, inputs: Tensor, keep: Tensor) -> Tensor:
        state, states = inputs.new_zeros(len(inputs), self.cell.hidden_size), []
        for frame, kept in zip(inputs.unbind(1), keep[..., None].unbind(1), strict=True):
            state = self.cell(frame, kept * state)
            states.append(state)
        return torch.stack(states, 1)


class Faded(nn.Module):
    """An LSTM (B,L,I) -> (B,L,H) whose state and memory are multiplied by `mask` (B,L) behind each frame (CompILE's encoder)."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(inputs, hidden)

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        state = memory = inputs.new_zeros(len(inputs), self.cell.hidden_size)
        states = []
        for frame, share in zip(inputs.unbind(1), mask[..., None].unbind(1), strict=True):
            state, memory = self.cell(frame, (state, memory))
            state, memory = share * state, share * memory
            states.append(state)
        return torch.stack(states, 1)


class Detector(nn.Module):
    """Convolutions over time (B,L,H) -> logits that a segment begins at each frame (B,L). They see both ways.

    Args:
        hidden: channels.
        layers: but the last, each with batch normalisation and ELU.
        width: frames of a kernel, odd.
    """

    def __init__(self, hidden: int, layers: int, width: int) -> None:
        super().__init__()
        same = width // 2
        self.layers = nn.ModuleList([nn.Conv1d(hidden, hidden, width, padding=same, bias=False) for _ in range(layers)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(hidden) for _ in range(layers)])
        self.last = nn.Conv1d(hidden, 1, width, padding=same)

    def forward(self, features: Tensor) -> Tensor:
        values = features.transpose(1, 2)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            values = functional.elu(norm(layer(values)))
        return self.last(values)[:, 0]


def before(values: Tensor) -> Tensor:
    """Values (B,L,H) of the frame before each frame; zeros before the first."""
    return torch.cat([torch.zeros_like(values[:, :1]), values[:, :-1]], 1)


def begun(begins: Tensor, inside: Tensor) -> Tensor:
    """Boundaries (B,L) with one at the first frame, and at those behind an episode (`inside` 0): no segment goes on there."""
    return torch.cat([torch.ones_like(begins[:, :1]), torch.where(inside > 0, begins, 1)[:, 1:]], 1)


def chances(logits: Tensor) -> NDArray[np.float64]:
    """Chances (n,) from logits (1,n). As float64, near which fewer are the same."""
    return np.asarray(logits[0].double().sigmoid())
