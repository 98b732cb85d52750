"""Small blocks shared by the modules."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers of the given sizes with layer norm and SiLU between them (none after the last)."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes[:-1]):
        layers += [nn.Linear(before, after), nn.LayerNorm(after), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


class ProjectedLstm(nn.Module):
    """A multi-layer LSTM with a linear projection before and after it (docs/spec.md, section 1). (B,L,inputs) -> (B,L,outputs).

    Without `outputs` there is no projection after it, for an LSTM of which only the final state is used.
    """

    def __init__(self, inputs: int, outputs: int | None, layers: int, units: int, bidirectional: bool = False) -> None:
        super().__init__()
        self.before = nn.Linear(inputs, units)
        self.lstm = nn.LSTM(units, units, layers, batch_first=True, bidirectional=bidirectional)
        self.after = nn.Linear(units * (2 if bidirectional else 1), outputs) if outputs else nn.Identity()

    def forward(self, inputs: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        hidden, state = self.lstm(self.before(inputs), state)
        return self.after(hidden), state

    def repeat(self, inputs: Tensor, steps: int, state: tuple[Tensor, Tensor]) -> Tensor:
        """The same input (B,inputs) at every one of `steps` steps, projected once: (B,steps,outputs)."""
        hidden = self.lstm(self.before(inputs)[:, None].expand(-1, steps, -1), state)[0]
        outputs: Tensor = self.after(hidden)
        return outputs


class DecoderBody(nn.Module, ABC):
    """What a codec draws with: embeddings (B,E) -> logits of pixels."""

    @abstractmethod
    def start_in(self, colour: Tensor) -> None:
        """Make the untrained network draw in a colour (C,), in logits."""


class Stack(nn.Sequential, DecoderBody):
    """Modules one after another: linear layers and transposed convolutions, the last of which gives the logits of the pixels.

    Its biases are one per channel, or one per pixel and channel with the channels innermost.
    """

    @torch.no_grad()
    def start_in(self, colour: Tensor) -> None:
        last = [module for module in self if isinstance(module, (nn.Linear, nn.ConvTranspose2d))][-1]
        assert last.bias is not None
        last.bias.copy_(colour.repeat(last.bias.numel() // colour.numel()))


class Permute(nn.Module):
    """Axes in another order, the batch's included."""

    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor.permute(self.order)


def gaussian(values: Tensor) -> tuple[Tensor, Tensor]:
    """A diagonal Gaussian from what a network says: (...,2Z) -> mean and log σ (...,Z), which is kept within a sane range."""
    mean, log_std = values.chunk(2, dim=-1)
    return mean, log_std.clamp(-5, 2)


def sampled(mean: Tensor, log_std: Tensor, noise: Tensor) -> Tensor:
    """A sample of a diagonal Gaussian from standard normal noise, all of one shape."""
    return mean + log_std.exp() * noise


def sine_code(time: Tensor, size: int, longest: int) -> Tensor:
    """Sines and cosines of `time` (any shape, in frames) at `size`/2 wavelengths from 4 to 4 x `longest`: (..., size)."""
    wavelengths = torch.logspace(math.log10(4.0), math.log10(4.0 * longest), size // 2, device=time.device)
    angles = time[..., None] * (2 * math.pi / wavelengths)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
