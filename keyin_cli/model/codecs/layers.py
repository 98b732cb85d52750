"""Layers of one colour on a still background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from keyin_cli.model.codecs.codec import Codec
from keyin_cli.recipe.data import Frame
from keyin_cli.recipe.model import CodecSection
from keyin_cli.recipe.section import Positive, Sized

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.model.layers import DecoderBody


class LayersCodec(CodecSection):
    """For small things that move before a still background, the last conditioning frame; mostly matrix products.

    Encoder: square patches through one layer, then fully connected ones. Decoder: layers of one colour on the background.
    """

    kind: Literal["layers"]
    patch: Positive = 8  # side of a patch in px
    channels: Positive = 32  # of the layer that patches share
    hidden: Sized = Field([256])
    layers: Positive = 4

    def problems(self, frame: Frame) -> list[str]:
        uneven = any(side % self.patch for side in frame.image[:2])
        return [f"patch: image sides are not multiples of {self.patch} px"] if uneven else []


def encoder(section: LayersCodec, frame: Frame) -> nn.Module:
    """Images (B,H,W,C) -> embeddings (B,E)."""
    from torch import nn

    from keyin_cli.model.layers import Permute, mlp

    side, (height, width, channels) = section.patch, frame.image
    rows, columns = height // side, width // side
    return nn.Sequential(
        nn.Unflatten(1, (rows, side)),
        nn.Unflatten(3, (columns, side)),
        Permute(0, 1, 3, 2, 4, 5),  # (B, rows, columns, side, side, C)
        nn.Flatten(3),
        nn.Linear(side * side * channels, section.channels),
        nn.SiLU(),
        nn.Flatten(),
        mlp([rows * columns * section.channels, *section.hidden, section.embedding]),
    )


def decoder(section: LayersCodec, frame: Frame) -> DecoderBody:
    """Embeddings (B,E), logits of backgrounds (B,H,W,C) -> logits of pixels (B,H,W,C)."""
    from keyin_cli.model.layered_image import LayeredImage

    return LayeredImage(section.embedding, [*reversed(section.hidden)], section.layers, frame.image)


CODEC = Codec(
    name="layers",
    help="layers of one colour on a still background: for small things that move",
    order=30,
    section=LayersCodec,
    encoder=encoder,
    decoder=decoder,
    on_background=True,
)
