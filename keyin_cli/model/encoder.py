"""CNN_enc and CNN_dec of the paper, around the bodies of a codec (`model/codecs`).

Encoder: frames (...,H,W,C) float in [0,1] -> embeddings (...,E), normalised to zero mean and unit variance over E, so that
distances between embeddings have a scale of their own.
Decoder: embeddings (...,E) and the last conditioning frame -> outputs, logits (...,H,W,C) of the pixels; what they say of true
frames is its likelihood. Of a codec that sees frames as features, outputs are expected features (...,F).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keyin_cli.model.codecs.codec import Codec
from keyin_cli.model.features import Features
from keyin_cli.model.layers import DecoderBody
from keyin_cli.model.likelihood import Bernoulli, Gaussian, Likelihood
from keyin_cli.model.losses import Reduction
from keyin_cli.recipe import CodecSection
from keyin_cli.recipe.data import Frame
from keyin_cli.registry import CODECS

DARKEST = 1 / 510  # half a step of a pixel's value: backgrounds are kept this far from 0 and 1
FITTED, VALUES = 4000, 50_000_000  # frames from which features are made, at most; and pixels and signals of all of them


class Encoder(nn.Module):
    def __init__(self, body: nn.Module, embedding: int, shape: tuple[int, int, int], features: Features | None = None) -> None:
        """`body`: frames (B,*shape), or their features (B,F) -> (B,E); `embedding`: E."""
        super().__init__()
        self.shape = shape
        self.observes: tuple[int, ...] = shape if features is None else (features.count,)
        self.features = features
        self.body = nn.Sequential(body, nn.LayerNorm(embedding, elementwise_affine=False))

    def forward(self, frames: Tensor) -> Tensor:
        return self.embed(frames if self.features is None else self.features(frames))

    def embed(self, observed: Tensor) -> Tensor:
        """Embeddings (...,E) of what `Decoder.observed` gives of frames: of features need not be made twice."""
        embeddings: Tensor = self.body(observed.reshape(-1, *self.observes))
        return embeddings.reshape(*observed.shape[: observed.ndim - len(self.observes)], -1)


class Decoder(nn.Module):
    """`draws_on_background`: it needs the background, so that nothing that stands still has to be in an embedding. `shape`: of an
    output, (H,W,C) or (F,)."""

    def __init__(
        self,
        body: DecoderBody,
        image: tuple[int, int, int],
        draws_on_background: bool = False,
        features: Features | None = None,
    ) -> None:
        """`body`: embeddings (B,E), and if it draws on a background also that one's logits (B,H,W,C), -> outputs."""
        super().__init__()
        self.image, self.draws_on_background = image, draws_on_background
        self.shape: tuple[int, ...] = image if features is None else (features.count,)
        self.body, self.features = body, features
        self.likelihood: Likelihood = Bernoulli() if features is None else Gaussian(features.count)

    def forward(self, embeddings: Tensor, background: Tensor) -> Tensor:
        """Decode embeddings (...,E) on backgrounds in [0,1] that broadcast to (...,H,W,C), if it draws on them at all."""
        flat = embeddings.reshape(-1, embeddings.shape[-1])
        if self.draws_on_background:
            behind = torch.logit(background, eps=DARKEST).expand(*embeddings.shape[:-1], *self.image)
            decoded: Tensor = self.body(flat, behind.reshape(-1, *self.image))
        else:
            decoded = self.body(flat)
        return decoded.reshape(*embeddings.shape[:-1], *self.shape)

    def observed(self, frames: Tensor) -> Tensor:
        """What outputs are compared with: frames (...,H,W,C), or their features (...,F)."""
        return frames if self.features is None else self.features(frames)

    def error(self, outputs: Tensor, frames: Tensor, reduction: Reduction) -> Tensor:
        """Nats of true frames under outputs, of the same leading shape (...)."""
        return self.likelihood.error(outputs, self.observed(frames), reduction)

    def draw(self, outputs: Tensor) -> Tensor:
        """The images that outputs stand for, in [0,1]: (...,H,W,C)."""
        mean = self.likelihood.mean(outputs)
        return mean if self.features is None else self.features.pixels(mean)

    def start_from(self, mean: Tensor) -> None:
        """Make the untrained decoder predict the data's mean pixel: a tiny bright ball is never learned from logits of zero.

        Args:
            mean: mean of all pixels per channel, (C,) in [0, 1].
        """
        self.body.start_in(torch.logit(mean, eps=1e-4))


def build(section: CodecSection, frame: Frame) -> tuple[Encoder, Decoder]:
    """Encoder and decoder of a recipe's codec for frames.

    Raises:
        InputError: there is no such codec.
    """
    codec: Codec[CodecSection] = CODECS.get(section.kind)
    first, second = (Features(frame, codec.components(section, frame)) if codec.components else None for _ in range(2))
    encoder = Encoder(codec.encoder(section, frame), section.embedding, frame.shape, first)
    return encoder, Decoder(codec.decoder(section, frame), frame.image, codec.on_background, second)


def start_from(encoder: Encoder, decoder: Decoder, frames: NDArray[Any]) -> None:
    """Begin where training frames (n,T,H,W,C) are: with their mean colour, or with features that are made of them."""
    if encoder.features is None or decoder.features is None:
        mean = frames.mean(axis=(0, 1, 2, 3), dtype=np.float64) / 255
        decoder.start_from(torch.from_numpy(mean).float())
        return
    flat = frames.reshape(-1, *encoder.shape)
    count = min(FITTED, len(flat), max(1, VALUES // flat[0].size))
    some = flat[np.linspace(0, len(flat) - 1, count).astype(int)]
    encoder.features.fit(to_images(some, torch.device("cpu")))
    decoder.features.load_state_dict(encoder.features.state_dict())
    decoder.likelihood.ignore(decoder.features.scale == 0)


def to_images(frames: NDArray[Any] | Tensor, device: torch.device) -> Tensor:
    """uint8 (…,H,W,C) -> float32 in [0,1] on the device; float32, frames with signals, as they are."""
    if isinstance(frames, np.ndarray) and not (frames.flags.writeable and min(frames.strides, default=0) >= 0):
        frames = frames.copy()  # torch warns of arrays that cannot be written and takes none that run backwards
    images = torch.as_tensor(frames).to(device, non_blocking=True)
    return images if images.dtype == torch.float32 else images.float().div_(255)
