"""CNN_enc and CNN_dec of the paper, around the bodies of a codec (`model/codecs`).

Encoder: images (...,H,W,C) float in [0,1] -> embeddings (...,E), normalised to zero mean and unit variance over E, so that
distances between embeddings have a scale of their own.
Decoder: embeddings (...,E) and the last conditioning frame -> logits (...,H,W,C) of the pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keyin_cli.model.codecs.codec import Codec, Image
from keyin_cli.model.layers import DecoderBody
from keyin_cli.recipe import CodecSection
from keyin_cli.registry import CODECS

DARKEST = 1 / 510  # half a step of a pixel's value: backgrounds are kept this far from 0 and 1


class Encoder(nn.Module):
    def __init__(self, body: nn.Module, embedding: int, image: Image) -> None:
        """`body`: images (B,H,W,C) -> (B,E); `embedding`: E."""
        super().__init__()
        self.image = image
        self.body = nn.Sequential(body, nn.LayerNorm(embedding, elementwise_affine=False))

    def forward(self, images: Tensor) -> Tensor:
        embeddings: Tensor = self.body(images.reshape(-1, *self.image))
        return embeddings.reshape(*images.shape[:-3], -1)


class Decoder(nn.Module):
    """`draws_on_background`: it needs the background, so that nothing that stands still has to be in an embedding."""

    def __init__(self, body: DecoderBody, image: Image, draws_on_background: bool = False) -> None:
        """`body`: embeddings (B,E), and if it draws on a background also that one's logits (B,H,W,C), -> logits of pixels."""
        super().__init__()
        self.image, self.draws_on_background = image, draws_on_background
        self.body = body

    def forward(self, embeddings: Tensor, background: Tensor) -> Tensor:
        """Decode embeddings (...,E) on backgrounds in [0,1] that broadcast to (...,H,W,C), if it draws on them at all."""
        flat = embeddings.reshape(-1, embeddings.shape[-1])
        if self.draws_on_background:
            behind = torch.logit(background, eps=DARKEST).expand(*embeddings.shape[:-1], *self.image)
            decoded: Tensor = self.body(flat, behind.reshape(-1, *self.image))
        else:
            decoded = self.body(flat)
        return decoded.reshape(*embeddings.shape[:-1], *self.image)

    def start_from(self, mean: Tensor) -> None:
        """Make the untrained decoder predict the data's mean pixel: a tiny bright ball is never learned from logits of zero.

        Args:
            mean: mean of all pixels per channel, (C,) in [0, 1].
        """
        self.body.start_in(torch.logit(mean, eps=1e-4))


def build(section: CodecSection, image: Image) -> tuple[Encoder, Decoder]:
    """Encoder and decoder of a recipe's codec for images (H,W,C).

    Raises:
        InputError: there is no such codec.
    """
    codec: Codec[CodecSection] = CODECS.get(section.kind)
    encoder = Encoder(codec.encoder(section, image), section.embedding, image)
    return encoder, Decoder(codec.decoder(section, image), image, codec.on_background)


def to_images(frames: NDArray[np.uint8] | Tensor, device: torch.device) -> Tensor:
    """uint8 (…,H,W,C) -> float32 in [0,1] on the device."""
    if isinstance(frames, np.ndarray) and not (frames.flags.writeable and min(frames.strides, default=0) >= 0):
        frames = frames.copy()  # torch warns of arrays that cannot be written and takes none that run backwards
    return torch.as_tensor(frames).to(device, non_blocking=True).float().div_(255)
