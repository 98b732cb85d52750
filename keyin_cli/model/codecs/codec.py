"""What a codec is: a section of a recipe, and the networks built from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from keyin_cli.registry import LAST

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.model.layers import DecoderBody
    from keyin_cli.recipe.data import Frame
    from keyin_cli.recipe.model import CodecSection

Chosen = TypeVar("Chosen", bound="CodecSection")


@dataclass(frozen=True)
class Codec(Generic[Chosen]):
    """A way to embed frames and to draw them.

    `name` is the `kind` of `section`. `encoder` and `decoder` build, for such frames, the bodies of `model.encoder.Encoder`,
    frames (B,H,W,C) -> embeddings (B,E), and `Decoder`, embeddings (B,E) -> logits of pixels, B times H·W·C in that order.
    `on_background`: the decoder's body is also given the logits (B,H,W,C) of what is behind its drawing.
    `components`: K, where frames are seen as features (B,F), see `model.features`, and may hold signals: the encoder's body takes
    features, and the decoder's gives them.
    """

    name: str
    help: str
    section: type[Chosen]
    encoder: Callable[[Chosen, Frame], nn.Module]
    decoder: Callable[[Chosen, Frame], DecoderBody]
    order: int = LAST
    on_background: bool = False
    components: Callable[[Chosen, Frame], int] | None = None
