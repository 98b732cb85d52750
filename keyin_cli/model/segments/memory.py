"""A recurrent network that forgets what a mask leaves out."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
