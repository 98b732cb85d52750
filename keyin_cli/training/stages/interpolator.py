"""Stage 1: encoder, decoder and interpolator on segments between two frames at a random offset, as a seq2seq (V)AE."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from keyin_cli.datasets.loader import batch_indices, step_rng
from keyin_cli.model.encoder import start_from, to_images
from keyin_cli.model.keyin import Foundation
from keyin_cli.model.losses import embedding_error, kl_to_prior
from keyin_cli.recipe import Recipe
from keyin_cli.training.engine import seeded
from keyin_cli.training.phase import Batch, Terms
from keyin_cli.training.spec import Material

PIECE = 16  # sequences whose features are made at once


@dataclass(frozen=True)
class Segments:
    """Random segments. `start` and `end` (B,H,W,C) uint8, `lengths` (B,), `inner` (ΣL,H,W,C) uint8: the frames after `start`
    up to `end`, segment after segment; `background` (B,H,W,C) uint8: the last conditioning frame; `noise` (B,Z) float32. Of
    frames that are seen as features all are features (…,F) float32."""

    start: NDArray[Any]
    end: NDArray[Any]
    lengths: NDArray[np.int64]
    inner: NDArray[Any]
    background: NDArray[Any]
    noise: NDArray[np.float32]


def sample_segments(frames: NDArray[Any], recipe: Recipe, latent: int, step: int) -> Segments:
    """The segments of one step from sequences (n,T+N,H,W,C): one per sequence of the batch, length and place uniform."""
    schedule, rng = recipe.pretrain, step_rng(recipe.seed, step)
    rows = batch_indices(recipe.seed, step, len(frames), schedule.batch)
    shortest, longest = schedule.lengths
    lengths = rng.integers(shortest, longest + 1, len(rows))
    starts = rng.integers(0, frames.shape[1] - lengths)
    offsets = np.arange(1, longest + 1)
    segment, offset = np.nonzero(offsets <= lengths[:, None])
    return Segments(
        start=frames[rows, starts],
        end=frames[rows, starts + lengths],
        lengths=lengths,
        inner=frames[rows[segment], starts[segment] + offsets[offset]],
        background=frames[rows, recipe.window.conditioning - 1],
        noise=rng.standard_normal((len(rows), latent), dtype=np.float32),
    )


@torch.no_grad()
def observed(model: Foundation, frames: NDArray[Any], device: torch.device) -> NDArray[Any]:
    """What is seen of sequences (n,T,H,W,C): they themselves, or features (n,T,F) float32, made once."""
    if model.decoder.features is None:
        return frames
    pieces = (to_images(frames[i : i + PIECE], device) for i in range(0, len(frames), PIECE))
    return np.concatenate([model.decoder.observed(images).cpu().numpy() for images in pieces])


class InterpolatorStage:
    name, section = "interpolator", "pretrain"

    def __init__(self, material: Material) -> None:
        recipe = self.recipe = material.recipe
        self.schedule = self.records = recipe.pretrain
        self.device, self.frames = material.device, material.frames
        self.model = seeded(recipe.seed, lambda: Foundation(recipe))
        start_from(self.model.encoder, self.model.decoder, self.frames["train"][:1000])
        self.model.to(self.device)
        self.seen = {split: observed(self.model, each, self.device) for split, each in self.frames.items()}

    def begin(self) -> None:
        """Train everything."""
        self.model.requires_grad_(True)

    def batch(self, step: int, split: str = "train") -> Batch:
        segments = sample_segments(self.seen[split], self.recipe, self.model.interpolator.latent, step)
        return {name: torch.from_numpy(value) for name, value in asdict(segments).items()}

    def terms(self, batch: Batch) -> Terms:
        """`sequence`: error of the inpainted frames; `autoencoder`: of the decoded ends; `kl`: of z_inter. Per frame, per
        frame and per segment."""
        model, reduction, device = self.model, self.recipe.model.reduction, self.device
        lengths = batch["lengths"].to(device)
        ends, inner = to_images(torch.stack([batch["start"], batch["end"]]), device), to_images(batch["inner"], device)
        encode, error = model.encoder.embed, model.decoder.likelihood.error
        longest = self.schedule.lengths[1]
        running = torch.arange(longest, device=device) < lengths[:, None]
        start, end = embedded = encode(ends)
        z, kl = start.new_zeros(len(start), 0), start.new_zeros(())
        if model.interpolator.latent or self.schedule.weights.embeddings:
            truth = encode(inner)
        if model.interpolator.latent:
            own = start.new_zeros(*running.shape, start.shape[-1])
            own[running] = truth
            mean, log_std = model.interpolator.infer(own, lengths)
            z, kl = mean + log_std.exp() * batch["noise"].to(device), kl_to_prior(mean, log_std).mean()
        offset = functional.one_hot(lengths - 1, self.recipe.window.max_offset).to(start.dtype)
        generated = model.interpolator(start, end, offset, z, longest)[running]
        background = to_images(batch["background"], device)
        outputs = model.decoder(generated, background[running.nonzero()[:, 0]])
        decoded = model.decoder(embedded, background)
        terms = {
            "sequence": error(outputs, inner, reduction).mean(),
            # Descriptions are made of inpainted frames: scales are those of their errors, not of the smaller ones of both ends.
            "autoencoder": error(decoded, ends, reduction, fixed=True).mean(),
            "kl": kl,
        }
        if self.schedule.weights.embeddings:
            terms["embeddings"] = embedding_error(generated, truth, reduction).mean()
        return terms

    def weights(self, step: int) -> dict[str, float]:
        return {"sequence": 1.0, **self.schedule.weights.model_dump()}

    def counts(self, batch: Batch) -> dict[str, int]:
        frames = len(batch["inner"])
        return {"sequence": frames, "embeddings": frames}
