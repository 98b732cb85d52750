"""Convolutions, as in the paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from keyin_cli.model.codecs.codec import Codec
from keyin_cli.recipe.data import Frame
from keyin_cli.recipe.model import CodecSection
from keyin_cli.recipe.section import Sized

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.model.layers import DecoderBody


class ConvCodec(CodecSection):
    """The paper's encoder and decoder: one stride-2 convolution per entry of `channels`, mirrored in the decoder."""

    kind: Literal["conv"]
    channels: Sized = Field([16, 32, 64])

    @property
    def factor(self) -> int:
        """By how much an image side shrinks."""
        return 2 ** len(self.channels)

    def problems(self, frame: Frame) -> list[str]:
        if not any(side % self.factor for side in frame.image[:2]):
            return []
        return [f"channels: {len(self.channels)} halvings need image sides divisible by {self.factor}"]

    def top(self, frame: Frame) -> tuple[int, int, int]:
        """Channels, height and width after the last convolution of images (H,W,C)."""
        return self.channels[-1], frame.height // self.factor, frame.width // self.factor


def encoder(section: ConvCodec, frame: Frame) -> nn.Module:
    """Images (B,H,W,C) -> embeddings (B,E)."""
    from torch import nn

    from keyin_cli.model.layers import Permute

    layers: list[nn.Module] = [Permute(0, 3, 1, 2)]
    channels = frame.channels
    for filters in section.channels:
        layers += [nn.Conv2d(channels, filters, 4, stride=2, padding=1), nn.GroupNorm(1, filters), nn.SiLU()]
        channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(math.prod(section.top(frame)), section.embedding))


def decoder(section: ConvCodec, frame: Frame) -> DecoderBody:
    """Embeddings (B,E) -> logits of pixels (B,H,W,C)."""
    from torch import nn

    from keyin_cli.model.layers import Permute, Stack

    top = section.top(frame)
    layers: list[nn.Module] = [nn.Linear(section.embedding, math.prod(top)), nn.Unflatten(1, top)]
    for before, after in zip(reversed(section.channels), [*reversed(section.channels[:-1]), frame.channels], strict=True):
        layers += [nn.GroupNorm(1, before), nn.SiLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
    return Stack(*layers, Permute(0, 2, 3, 1))


CODEC = Codec(
    name="conv",
    help="convolutions, as in the paper",
    order=20,
    section=ConvCodec,
    encoder=encoder,
    decoder=decoder,
)
