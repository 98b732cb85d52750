"""Fully connected layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from keyin_cli.model.codecs.codec import Codec
from keyin_cli.recipe.data import Frame
from keyin_cli.recipe.model import CodecSection
from keyin_cli.recipe.section import Sized

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.model.layers import DecoderBody


class MlpCodec(CodecSection):
    """Encoder and decoder of fully connected layers: on small images several times faster on a CPU than convolutions."""

    kind: Literal["mlp"] = "mlp"
    hidden: Sized = Field([256])


def encoder(section: MlpCodec, frame: Frame) -> nn.Module:
    """Images (B,H,W,C) -> embeddings (B,E)."""
    from torch import nn

    from keyin_cli.model.layers import mlp

    return nn.Sequential(nn.Flatten(), mlp([frame.pixels, *section.hidden, section.embedding]))


def decoder(section: MlpCodec, frame: Frame) -> DecoderBody:
    """Embeddings (B,E) -> logits of pixels (B,H·W·C)."""
    from keyin_cli.model.layers import Stack, mlp

    return Stack(*mlp([section.embedding, *reversed(section.hidden), frame.pixels]))


CODEC = Codec(
    name="mlp",
    help="fully connected layers: the fastest on a CPU for small images",
    order=10,
    section=MlpCodec,
    encoder=encoder,
    decoder=decoder,
)
