"""What all objectives of stage 2 stand on: the model, the sequences that it learns from, and what is known of them once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli.model.encoder import Encoder, to_images
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.search import Costs, keyframe_price
from keyin_cli.progress import track
from keyin_cli.training.engine import seeded
from keyin_cli.training.spec import Material
from keyin_cli.training.targets import sequence_costs

SCALE_SEQUENCES = 1000  # training sequences that standardise the embeddings
ENCODE_BATCH = 64  # sequences encoded at once


@torch.no_grad()
def encode_sequences(encoder: Encoder, frames: NDArray[np.uint8], device: torch.device, title: str) -> Tensor:
    """Embeddings (n,T+N,E) float32 of uint8 sequences (n,T+N,H,W,C), on the CPU."""
    size = encoder(to_images(frames[:1], device)).shape[-1]
    embeddings = torch.empty(*frames.shape[:2], size)  # whole from the start: collected pieces would fragment the heap
    with track(title, len(frames)) as advance:
        for begin in range(0, len(frames), ENCODE_BATCH):
            images = to_images(frames[begin : begin + ENCODE_BATCH], device)
            embeddings[begin : begin + ENCODE_BATCH] = encoder(images)
            advance(len(images))
    return embeddings


class Common:
    """One model with fresh weights on a trained stage 1, and its sequences.

    As long as a phase leaves the encoder frozen, every sequence is encoded once, before the first step.
    """

    def __init__(self, material: Material, name: str) -> None:
        """`name`: of the stage, `keyin` or that of a method that is trained like it."""
        recipe = self.recipe = material.recipe
        self.name, self.device, self.frames, self._material = name, material.device, material.frames, material
        self.model = seeded(recipe.seed, lambda: KeyIn(recipe))
        self.model.foundation.load_state_dict(dict(material.foundation))
        self.model.foundation.requires_grad_(False)
        self.model.to(self.device)
        self.model.keyframes.fit_scale(self._scale().to(self.device))

    @cached_property
    def embeddings(self) -> dict[str, Tensor]:
        """Of both splits, (n,T+N,E)."""
        encoder = self.model.foundation.encoder
        return {split: encode_sequences(encoder, each, self.device, f"encoding {split}") for split, each in self.frames.items()}

    def _scale(self) -> Tensor:
        if self.recipe.train.phases[0].trains("encoder"):
            return encode_sequences(
                self.model.foundation.encoder, self.frames["train"][:SCALE_SEQUENCES], self.device, "encoding some"
            )
        return self.embeddings["train"][:SCALE_SEQUENCES]

    @cached_property
    def price(self) -> float:
        """What a keyframe costs, in nats: the recipe's, or chosen on the training split, see `model.search`."""
        return keyframe_price(self.recipe.discovery.price, lambda: self.frames["train"], self.model.foundation.decoder)

    def costs(self, split: str, count: int) -> Costs:
        """Nats (count,N+1,S) of all segments of a split's first sequences."""
        material, begin = self._material, self.recipe.window.conditioning - 1
        frames = self.frames[split][:, begin:]
        return sequence_costs(self.model.foundation, frames, count, material.cache / split, material.workers, material.dask)
