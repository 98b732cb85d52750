"""Stage 2: the keyframe model on the frozen foundation, trained by search or by a soft loss (docs/spec.md, section 2).

The foundation is frozen whole, encoder included, so every sequence is encoded once, before the first step, and the
keyframe targets cannot collapse.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from keyin_cli.datasets.loader import batch_indices, step_rng
from keyin_cli.model import losses, soft_time
from keyin_cli.model.encoder import Decoder, Encoder, to_images
from keyin_cli.model.keyframes import Keyframes
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.search import keyframe_price
from keyin_cli.model.weights import Tensors
from keyin_cli.progress import track
from keyin_cli.recipe import Recipe
from keyin_cli.training.engine import seeded
from keyin_cli.training.stage import Batch, Terms
from keyin_cli.training.targets import search_offsets

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


def decode_weighted(decoder: Decoder, embeddings: Tensor, background: Tensor, shares: Tensor, skip_below: float) -> Tensor:
    """Decode generated frames (B,M,S,E) on backgrounds (B,H,W,C) to pixels (B,M,S,H,W,C), black where they carry no weight.

    A frame whose share (B,M,S,N) of every true frame (formula 5) is below `skip_below` is not decoded: most segments run past
    the sequence or past their own keyframe, and decoding is the most expensive part of a step.
    """
    kept = shares.amax(-1) >= skip_below
    images = shares.new_zeros(*embeddings.shape[:3], *decoder.image)
    decoded = decoder(embeddings[kept], background[kept.nonzero()[:, 0]])
    images[kept] = decoded.to(images.dtype).sigmoid()
    return images


class KeyInStage:
    section = "train"

    def __init__(
        self,
        recipe: Recipe,
        foundation: Tensors,
        frames: Mapping[str, NDArray[np.uint8]],
        device: torch.device,
        cache: Path,
        name: str = "keyin",
    ) -> None:
        """`foundation`: the weights of stage 1; `frames`: the sequences (n,T+N,H,W,C) of the splits `train` and `val`; `cache`: a
        directory for what is found out about them once; `name`: `keyin`, or a baseline that is trained like it."""
        self.name = name
        self.recipe, self.schedule, self.device = recipe, recipe.train, device
        self.model = seeded(recipe.seed, lambda: KeyIn(recipe))
        self.model.foundation.load_state_dict(foundation)
        self.model.foundation.requires_grad_(False)
        self.model.to(device)
        encoder = self.model.foundation.encoder
        self.embeddings = {split: encode_sequences(encoder, frames[split], device, f"encoding {split}") for split in frames}
        self.model.keyframes.fit_scale(self.embeddings["train"][:SCALE_SEQUENCES].to(device))
        weights = self.schedule.weights
        self.decodes = self.schedule.objective == "soft-pixels" or weights.keyframe_pixels > 0
        self.frames = frames if self.decodes else {}
        self.offsets = self._search(frames, cache) if self.schedule.objective == "search" else {}

    def _search(self, frames: Mapping[str, NDArray[np.uint8]], cache: Path) -> dict[str, Tensor]:
        """What exact search finds in every sequence; the price is chosen on the training split."""
        recipe = self.recipe
        foundation, shift = self.model.foundation, recipe.discovery.shift
        price = keyframe_price(recipe.discovery.price, lambda: frames["train"], foundation.decoder.draws_on_background)
        found = {
            split: search_offsets(foundation, each, recipe.window, price, shift, self.device, cache / split)
            for split, each in frames.items()
        }
        return {split: torch.from_numpy(offsets) for split, offsets in found.items()}

    def batch(self, step: int, split: str = "train") -> Batch:
        """`embeddings` (B,T+N,E); `frames` (B,1+N,H,W,C) uint8 from K^0 on when pixels are compared; standard normal `noise` for
        z (B,M,Z) and `inner_noise` for z_inter (B,M,Z)."""
        recipe, window, rng = self.recipe, self.recipe.window, step_rng(self.recipe.seed, step)
        rows = batch_indices(recipe.seed, step, len(self.embeddings[split]), self.schedule.batch)
        shape = (len(rows), window.keyframes)
        inner = self.model.foundation.interpolator.latent
        batch = {
            "embeddings": self.embeddings[split][torch.from_numpy(rows)],
            "noise": torch.from_numpy(rng.standard_normal((*shape, recipe.model.latent), dtype=np.float32)),
            "inner_noise": torch.from_numpy(rng.standard_normal((*shape, inner), dtype=np.float32)),
        }
        if self.offsets:
            batch["offsets"] = self.offsets[split][torch.from_numpy(rows)]
        if self.decodes:
            batch["frames"] = torch.from_numpy(self.frames[split][rows, window.conditioning - 1 :])
        return batch

    def terms(self, batch: Batch) -> Terms:
        """The terms of formulas 7 and 8, or of the search; also δ's entropy and the expected number of keyframes inside."""
        embeddings, noise = batch["embeddings"].to(self.device), batch["noise"].to(self.device)
        times = (
            batch["offsets"].to(self.device).clamp_min(0).cumsum(-1).to(noise.dtype) if self.schedule.teacher_forcing else None
        )
        keyframes = self.model.keyframes(embeddings, noise=noise, times=times)
        tau = soft_time.keyframe_times(keyframes.delta)
        objective = self.search_terms if self.schedule.objective == "search" else self.soft_terms
        return {
            **objective(batch, embeddings, keyframes, tau),
            "entropy": losses.entropy(keyframes.delta),
            "keyframes_inside": soft_time.inside(tau, self.recipe.window.predicted).sum(-1).mean(),
        }

    def search_terms(self, batch: Batch, embeddings: Tensor, keyframes: Keyframes, tau: Tensor) -> Terms:
        """Supervision by the offsets of the search: `offsets`, at the keyframes it finds `keyframe_embeddings` and `kl`, and
        after the last of them `sequence`."""
        offsets = batch["offsets"].to(self.device)
        known, used = (offsets > 0).to(tau.dtype), (offsets != 0).to(tau.dtype)
        times = offsets.clamp_min(0).cumsum(-1) + self.recipe.window.conditioning - 1
        targets = embeddings.gather(1, times[..., None].expand(-1, -1, embeddings.shape[-1]))
        errors = losses.embedding_error(keyframes.embeddings, targets, self.recipe.model.reduction)
        return {
            "offsets": losses.per_keyframe(losses.offset_error(keyframes.logits, offsets), used),
            "keyframe_embeddings": losses.per_keyframe(errors, known),
            "kl": losses.per_keyframe(losses.kl_to_prior(keyframes.mean, keyframes.log_std), used),
            "sequence": self.tail_error(offsets, embeddings, keyframes),
        }

    def tail_error(self, offsets: Tensor, embeddings: Tensor, keyframes: Keyframes) -> Tensor:
        """Embedding error, per frame, of the segment that runs past the end of the sequence.

        Its keyframe is never seen: it should be one towards which the interpolator inpaints the frames that are.
        """
        window, interpolator = self.recipe.window, self.model.foundation.interpolator
        rows, which = ((offsets < 0) & (offsets > -window.max_offset)).nonzero(as_tuple=True)
        left = -offsets[rows, which]
        steps = torch.arange(1, window.max_offset + 1, device=left.device)
        logits = keyframes.logits[rows, which].masked_fill(steps <= left[:, None], -torch.inf)
        delta = functional.one_hot(logits.argmax(-1), window.max_offset).to(embeddings.dtype)
        begin = window.conditioning - 1 + window.predicted - left
        z = embeddings.new_zeros(len(rows), interpolator.latent)
        generated = interpolator(embeddings[rows, begin], keyframes.embeddings[rows, which], delta, z)
        segment, frame = (steps <= left[:, None]).nonzero(as_tuple=True)
        truth = embeddings[rows[segment], begin[segment] + 1 + frame]
        errors = losses.embedding_error(generated[segment, frame], truth, self.recipe.model.reduction)
        return errors.sum() / max(1, len(segment))

    def soft_terms(self, batch: Batch, embeddings: Tensor, keyframes: Keyframes, tau: Tensor) -> Terms:
        """The soft loss (formulas 7 and 8): `keyframe_embeddings`, `keyframe_pixels`, `kl` and `sequence`."""
        window, reduction, weights = self.recipe.window, self.recipe.model.reduction, self.schedule.weights
        first, truth = embeddings[:, window.conditioning - 1], embeddings[:, window.conditioning :]
        inside = soft_time.inside(tau, window.predicted)
        shares = soft_time.share(soft_time.frame_weights(tau, keyframes.delta, window.predicted))
        targets = soft_time.soft_targets(tau, truth)
        inner_noise = batch["inner_noise"].to(self.device)
        generated = self.model.segments(first, keyframes.embeddings, keyframes.delta, inner_noise)
        terms = {
            "keyframe_embeddings": losses.per_keyframe(losses.embedding_error(keyframes.embeddings, targets, reduction), inside),
            "kl": losses.per_keyframe(losses.kl_to_prior(keyframes.mean, keyframes.log_std), inside),
        }
        if self.schedule.objective == "soft-embeddings":
            terms["sequence"] = losses.embedding_error(soft_time.soft_frames(shares, generated), truth, reduction).sum(-1).mean()
        if not self.decodes:
            return terms
        decoder, images = self.model.foundation.decoder, to_images(batch["frames"], self.device)
        background, images = images[:, 0], images[:, 1:]
        if weights.keyframe_pixels > 0:
            decoded = decoder(keyframes.embeddings, background[:, None])
            pixels = losses.pixel_error(decoded, soft_time.soft_targets(tau, images), reduction)
            terms["keyframe_pixels"] = losses.per_keyframe(pixels, inside)
        if self.schedule.objective == "soft-pixels":
            decoded = decode_weighted(decoder, generated, background, shares, self.schedule.skip_below)
            terms["sequence"] = losses.mixture_error(soft_time.soft_frames(shares, decoded), images, reduction).sum(-1).mean()
        return terms

    def weights(self, step: int) -> dict[str, float]:
        """The recipe's weights; the entropy bonus (a negative weight) falls linearly to zero."""
        weights = self.schedule.weights.model_dump()
        left = max(0.0, 1 - step / (self.schedule.entropy_until * self.schedule.steps))
        return weights | {"entropy": -weights["entropy"] * left}

    def counts(self, batch: Batch) -> dict[str, int]:
        if self.schedule.objective != "search":
            return {}
        left = -batch["offsets"]
        return {"sequence": int(left[(left > 0) & (left < self.recipe.window.max_offset)].sum())}
