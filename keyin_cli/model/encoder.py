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
from keyin_cli.recipe import Codec, ConvCodec, LayersCodec, MlpCodec

Image = tuple[int, int, int]
DARKEST = 1 / 510  # half a step of a pixel's value: backgrounds are kept this far from 0 and 1
SHARPNESS, HIDDEN, VIVIDNESS = 4.0, 2.0, 3.0  # scale of visibility, how far behind the background layers start; scale of colours
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


class Encoder(nn.Module):
    def __init__(self, codec: Codec, image: Image) -> None:
        super().__init__()
        self.image = image
        if isinstance(codec, MlpCodec):
            body = nn.Sequential(nn.Flatten(), mlp([math.prod(image), *codec.hidden, codec.embedding]))
        elif isinstance(codec, LayersCodec):
            body = _patches(codec, image)
        else:
            body = _convolutions(codec, image)
        self.body = nn.Sequential(body, nn.LayerNorm(codec.embedding, elementwise_affine=False))

    def forward(self, images: Tensor) -> Tensor:
        embeddings: Tensor = self.body(images.reshape(-1, *self.image))
        return embeddings.reshape(*images.shape[:-3], -1)


class Decoder(nn.Module):
    def __init__(self, codec: Codec, image: Image) -> None:
        super().__init__()
        self.image = image
        if isinstance(codec, MlpCodec):
            self.body: nn.Module = mlp([codec.embedding, *reversed(codec.hidden), math.prod(image)])
        elif isinstance(codec, LayersCodec):
            self.body = Layers(codec, image)
        else:
            self.body = _transposed_convolutions(codec, image)

    @property
    def draws_on_background(self) -> bool:
        """Whether it needs the background, so that nothing that stands still has to be in an embedding."""
        return isinstance(self.body, Layers)

    def forward(self, embeddings: Tensor, background: Tensor) -> Tensor:
        """Decode embeddings (...,E) on backgrounds in [0,1] that broadcast to (...,H,W,C), which only layers lie on."""
        flat = embeddings.reshape(-1, embeddings.shape[-1])
        if isinstance(self.body, Layers):
            behind = torch.logit(background, eps=DARKEST).expand(*embeddings.shape[:-1], *self.image)
            decoded: Tensor = self.body(flat, behind.reshape(-1, *self.image))
        else:
            decoded = self.body(flat)
        return decoded.reshape(*embeddings.shape[:-1], *self.image)

    @torch.no_grad()
    def start_from(self, mean: Tensor) -> None:
        """Make the untrained decoder predict the data's mean pixel: a tiny bright ball is never learned from logits of zero.

        Layers start in that colour: where they cover the background they do little harm, so they are not hidden for good.

        Args:
            mean: mean of all pixels per channel, (C,) in [0, 1].
        """
        start = torch.logit(mean, eps=1e-4)
        if isinstance(self.body, Layers):
            self.body.start_in(start)
            return
        last = [module for module in self.body.modules() if isinstance(module, (nn.Linear, nn.ConvTranspose2d))][-1]
        assert last.bias is not None
        last.bias.copy_(start.repeat(last.bias.numel() // start.numel()))


class Layers(nn.Module):
    """Draws K layers of one colour each on a background, like cut paper: what does not move need not be encoded.

    How visible layer k is at a pixel is the softmax, over all layers and the background, of a sum of what it says of the pixel's
    row and of its column. A sum of two parabolas is cut off along a circle, so a small disc anywhere is easy to say.
    """

    def __init__(self, codec: LayersCodec, image: Image) -> None:
        super().__init__()
        self.image, self.layers = image, codec.layers
        self.parts = mlp([codec.embedding, *reversed(codec.hidden), codec.layers * sum(image)])

    def forward(self, embeddings: Tensor, background: Tensor) -> Tensor:
        """Embeddings (B,E), logits of backgrounds (B,H,W,C) -> logits of pixels (B,H,W,C)."""
        parts = self.parts(embeddings).unflatten(-1, (self.layers, -1))
        rows, columns, colours = parts.split(self.image, dim=-1)
        visible = (SHARPNESS * (rows[..., :, None] + columns[..., None, :]) - HIDDEN).flatten(2)  # (B,K,HW); the background: 0
        most = visible.detach().amax(1, keepdim=True).clamp_min(0)
        shown, rest = (visible - most).exp(), (-most).exp()  # the softmax, written out: its parts are never copied together
        behind = rest * background.flatten(1, 2).transpose(1, 2)
        drawn = torch.baddbmm(behind, VIVIDNESS * colours.transpose(1, 2), shown) / (rest + shown.sum(1, keepdim=True))
        return drawn.transpose(1, 2).reshape(background.shape)

    @torch.no_grad()
    def start_in(self, colour: Tensor) -> None:
        """Make the untrained layers faint blobs, scattered over the image, of a colour (C,), in logits."""
        bias = self.parts[-1].bias
        assert isinstance(bias, Tensor)
        blobs = [0.25 - ((torch.arange(side) - place * side) / (side / 3)).square() for side, place in self.places()]
        bias.copy_(torch.cat([*blobs, (colour / VIVIDNESS).expand(self.layers, -1)], dim=1).flatten())

    def places(self) -> list[tuple[int, Tensor]]:
        """Sides of the image and where along each of them the blobs lie (K,1), as a share: spread evenly, along a spiral."""
        turn = torch.arange(self.layers)[:, None] * GOLDEN_ANGLE
        radius = 0.35 * ((torch.arange(self.layers)[:, None] + 0.5) / self.layers).sqrt()
        return [(self.image[0], 0.5 + radius * turn.sin()), (self.image[1], 0.5 + radius * turn.cos())]


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


def _patches(codec: LayersCodec, image: Image) -> nn.Sequential:
    height, width, channels = image
    side = codec.patch
    rows, columns = height // side, width // side
    return nn.Sequential(
        nn.Unflatten(1, (rows, side)),
        nn.Unflatten(3, (columns, side)),
        _Permute(0, 1, 3, 2, 4, 5),  # (n, rows, columns, side, side, C)
        nn.Flatten(3),
        nn.Linear(side * side * channels, codec.channels),
        nn.SiLU(),
        nn.Flatten(),
        mlp([rows * columns * codec.channels, *codec.hidden, codec.embedding]),
    )


class _Permute(nn.Module):
    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, tensor: Tensor) -> Tensor:
        return tensor.permute(self.order)
