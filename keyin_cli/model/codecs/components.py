"""Principal components of images, and signals: for real scenes, and for states and actions."""

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


class ComponentsCodec(CodecSection):
    """Fully connected layers over the features of a frame: the first principal components of its pixels, and its signals. Each
    is compared on a scale that is learned."""

    kind: Literal["components"]
    components: Positive = 64  # of the pixels
    hidden: Sized = Field([256])


def components(section: ComponentsCodec, frame: Frame) -> int:
    """K: how many components the pixels are seen as."""
    return min(section.components, frame.pixels)


def _features(section: ComponentsCodec, frame: Frame) -> int:
    """F: components and signals."""
    return components(section, frame) + frame.signals


def encoder(section: ComponentsCodec, frame: Frame) -> nn.Module:
    """Features (B,F) -> embeddings (B,E)."""
    from keyin_cli.model.layers import mlp

    return mlp([_features(section, frame), *section.hidden, section.embedding])


def decoder(section: ComponentsCodec, frame: Frame) -> DecoderBody:
    """Embeddings (B,E) -> expected features (B,F)."""
    from keyin_cli.model.layers import Stack, mlp

    return Stack(*mlp([section.embedding, *reversed(section.hidden), _features(section, frame)]))


CODEC = Codec(
    name="components",
    help="principal components of images, and signals: for real scenes",
    order=40,
    section=ComponentsCodec,
    encoder=encoder,
    decoder=decoder,
    components=components,
)
