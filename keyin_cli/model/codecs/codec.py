"""What a codec is: a section of a recipe, and the networks built from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from keyin_cli.registry import LAST

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.model.layers import DecoderBody
    from keyin_cli.recipe.model import CodecSection

Image = tuple[int, int, int]  # height, width, channels
Chosen = TypeVar("Chosen", bound="CodecSection")


@dataclass(frozen=True)
class Codec(Generic[Chosen]):
    """A way to embed images and to draw them.

    `name` is the `kind` of `section`. `encoder` and `decoder` build, for images of a size, the bodies of `model.encoder.Encoder`,
    images (B,H,W,C) -> embeddings (B,E), and `Decoder`, embeddings (B,E) -> logits of pixels, B times H·W·C in that order.
    `on_background`: the decoder's body is also given the logits (B,H,W,C) of what is behind its drawing.
    """

    name: str
    help: str
    section: type[Chosen]
    encoder: Callable[[Chosen, Image], nn.Module]
    decoder: Callable[[Chosen, Image], DecoderBody]
    order: int = LAST
    on_background: bool = False
