"""CNN_enc and CNN_dec of the paper, and their fully connected counterparts.

Encoder: images (...,H,W,C) float in [0,1] -> embeddings (...,E), normalised to zero mean and unit variance over E, so that
distances between embeddings have a scale of their own.
Decoder: embeddings (...,E) -> logits (...,H,W,C) of the pixels.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keyin_cli.model.layers import mlp
from keyin_cli.recipe import ConvCodec, MlpCodec

Image = tuple[int, int, int]


class Encoder(nn.Module):
    def __init__(self, codec: MlpCodec | ConvCodec, image: Image) -> None:
        super().__init__()
        self.image = image
        if isinstance(codec, MlpCodec):
            body = nn.Sequential(nn.Flatten(), mlp([math.prod(image), *codec.hidden, codec.embedding]))
        else:
            body = _convolutions(codec, image)
        self.body = nn.Sequential(body, nn.LayerNorm(codec.embedding, elementwise_affine=False))

    def forward(self, images: Tensor) -> Tensor:
        embeddings: Tensor = self.body(images.reshape(-1, *self.image))
        return embeddings.reshape(*images.shape[:-3], -1)


class Decoder(nn.Module):
    def __init__(self, codec: MlpCodec | ConvCodec, image: Image) -> None:
        super().__init__()
        self.image = image
        if isinstance(codec, MlpCodec):
            self.body: nn.Module = mlp([codec.embedding, *reversed(codec.hidden), math.prod(image)])
        else:
            self.body = _transposed_convolutions(codec, image)

    def forward(self, embeddings: Tensor) -> Tensor:
        logits: Tensor = self.body(embeddings.reshape(-1, embeddings.shape[-1]))
        return logits.reshape(*embeddings.shape[:-1], *self.image)

    @torch.no_grad()
    def start_from(self, mean: Tensor) -> None:
        """Make the untrained decoder predict the data's mean pixel: a tiny bright ball is never learned from logits of zero.

        Args:
            mean: mean of all pixels per channel, (C,) in [0, 1].
        """
        last = [module for module in self.body.modules() if isinstance(module, (nn.Linear, nn.ConvTranspose2d))][-1]
        assert last.bias is not None
        last.bias.copy_(torch.logit(mean, eps=1e-4).repeat(last.bias.numel() // mean.numel()))


def to_images(frames: NDArray[np.uint8] | Tensor, device: torch.device) -> Tensor:
    """uint8 (…,H,W,C) -> float32 in [0,1] on the device."""
    return torch.as_tensor(frames).to(device, non_blocking=True).float().div_(255)


def _convolutions(codec: ConvCodec, image: Image) -> nn.Sequential:
    height, width, channels = image
    layers: list[nn.Module] = [_Permute(0, 3, 1, 2)]
    for filters in codec.channels:
        layers += [nn.Conv2d(channels, filters, 4, stride=2, padding=1), nn.GroupNorm(1, filters), nn.SiLU()]
        channels = filters
    factor = 2 ** len(codec.channels)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * (height // factor) * (width // factor), codec.embedding))


def _transposed_convolutions(codec: ConvCodec, image: Image) -> nn.Sequential:
    height, width, channels = image
    factor = 2 ** len(codec.channels)
    top = (codec.channels[-1], height // factor, width // factor)
    layers: list[nn.Module] = [nn.Linear(codec.embedding, math.prod(top)), nn.Unflatten(1, top)]
    for before, after in zip(reversed(codec.channels), [*reversed(codec.channels[:-1]), channels], strict=True):
        layers += [nn.GroupNorm(1, before), nn.SiLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
    return nn.Sequential(*layers, _Permute(0, 2, 3, 1))


class _Permute(nn.Module):
    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor.permute(self.order)
