"""CNN_enc and CNN_dec of the paper, and their fully connected counterparts.

Encoder: images (...,H,W,C) float in [0,1] -> embeddings (...,E), normalised to zero mean and unit variance over E, so that
distances between embeddings have a scale of their own.
Decoder: embeddings (...,E) and the last conditioning frame -> logits (...,H,W,C) of the pixels.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keyin_cli.model.layers import mlp
from keyin_cli.recipe import Codec, ConvCodec, MlpCodec, PatchCodec

Image = tuple[int, int, int]
DARKEST = 1 / 510  # half a step of a pixel's value: backgrounds are kept this far from 0 and 1
OPEN = 3.0  # logit of an untrained gate


class Encoder(nn.Module):
    def __init__(self, codec: Codec, image: Image) -> None:
        super().__init__()
        self.image = image
        if isinstance(codec, MlpCodec):
            body = nn.Sequential(nn.Flatten(), mlp([math.prod(image), *codec.hidden, codec.embedding]))
        elif isinstance(codec, PatchCodec):
            body = _patches(codec, image)
        else:
            body = _convolutions(codec, image)
        self.body = nn.Sequential(body, nn.LayerNorm(codec.embedding, elementwise_affine=False))

    def forward(self, images: Tensor) -> Tensor:
        embeddings: Tensor = self.body(images.reshape(-1, *self.image))
        return embeddings.reshape(*images.shape[:-3], -1)


class Decoder(nn.Module):
    """A decoder that paints has one channel more, a gate: how much of the background's logit shines through a pixel."""

    def __init__(self, codec: Codec, image: Image) -> None:
        super().__init__()
        self.image = image
        self.paints = isinstance(codec, PatchCodec)
        if isinstance(codec, MlpCodec):
            self.body: nn.Module = mlp([codec.embedding, *reversed(codec.hidden), math.prod(image)])
        elif isinstance(codec, PatchCodec):
            self.body = _painted_patches(codec, image)
        else:
            self.body = _transposed_convolutions(codec, image)

    def forward(self, embeddings: Tensor, background: Tensor) -> Tensor:
        """Decode embeddings (...,E) on backgrounds in [0,1] that broadcast to (...,H,W,C), which only a painter looks at."""
        decoded: Tensor = self.body(embeddings.reshape(-1, embeddings.shape[-1]))
        decoded = decoded.reshape(*embeddings.shape[:-1], *self.image[:2], -1)
        if not self.paints:
            return decoded
        paint, gate = decoded.split([self.image[2], 1], dim=-1)
        return paint + gate.sigmoid() * torch.logit(background, eps=DARKEST)

    @torch.no_grad()
    def start_from(self, mean: Tensor) -> None:
        """Make the untrained decoder predict the data's mean pixel: a tiny bright ball is never learned from logits of zero.

        A painter starts from its background instead.

        Args:
            mean: mean of all pixels per channel, (C,) in [0, 1].
        """
        last = [module for module in self.body.modules() if isinstance(module, (nn.Linear, nn.ConvTranspose2d))][-1]
        assert last.bias is not None
        start = torch.logit(mean, eps=1e-4)
        if self.paints:
            start = torch.cat([torch.zeros_like(mean), torch.tensor([OPEN])])
        last.bias.copy_(start.repeat(last.bias.numel() // start.numel()))


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


def _patches(codec: PatchCodec, image: Image) -> nn.Sequential:
    rows, columns, size = _grid(codec, image)
    side, channels = codec.patch, image[2]
    return nn.Sequential(
        nn.Unflatten(1, (rows, side)),
        nn.Unflatten(3, (columns, side)),
        _Permute(0, 1, 3, 2, 4, 5),  # (n, rows, columns, side, side, C)
        nn.Flatten(3),
        nn.Linear(side * side * channels, codec.channels),
        nn.SiLU(),
        nn.Flatten(),
        mlp([size, *codec.hidden, codec.embedding]),
    )


def _painted_patches(codec: PatchCodec, image: Image) -> nn.Sequential:
    rows, columns, size = _grid(codec, image)
    side, channels = codec.patch, image[2] + 1
    return nn.Sequential(
        mlp([codec.embedding, *reversed(codec.hidden), size]),
        nn.SiLU(),
        nn.Unflatten(1, (rows, columns, codec.channels)),
        nn.Linear(codec.channels, side * side * channels),
        nn.Unflatten(3, (side, side, channels)),
        _Permute(0, 1, 3, 2, 4, 5),
        nn.Flatten(1, 2),
        nn.Flatten(2, 3),
    )


def _grid(codec: PatchCodec, image: Image) -> tuple[int, int, int]:
    """Rows and columns of patches, and channels of all of them."""
    rows, columns = image[0] // codec.patch, image[1] // codec.patch
    return rows, columns, rows * columns * codec.channels


class _Permute(nn.Module):
    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor.permute(self.order)
