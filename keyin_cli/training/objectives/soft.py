"""The objectives `soft-pixels`, the paper's, and `soft-embeddings`, the same without decoding (formulas 7 and 8)."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from keyin_cli.model import losses, soft_time
from keyin_cli.model.encoder import Decoder, to_images
from keyin_cli.training.objectives.phase import KeyframePhase, Predicted
from keyin_cli.training.phase import Batch, Terms


def decode_weighted(decoder: Decoder, embeddings: Tensor, background: Tensor, shares: Tensor, skip_below: float) -> Tensor:
    """Decode generated frames (B,M,S,E) on backgrounds (B,H,W,C) to expected frames (B,M,S,*frame), 0 where they carry no weight.

    A frame whose share (B,M,S,N) of every true frame (formula 6) is below `skip_below` is not decoded: most segments run past
    the sequence or past their own keyframe, and decoding is the most expensive part of a step.
    """
    kept = shares.amax(-1) >= skip_below
    frames = shares.new_zeros(*embeddings.shape[:3], *decoder.shape)
    decoded = decoder(embeddings[kept], background[kept.nonzero()[:, 0]])
    frames[kept] = decoder.likelihood.mean(decoded.to(frames.dtype))
    return frames


class SoftPhase(KeyframePhase):
    """Base of both: formula 7. Pixels of keyframes are compared where that has a weight."""

    @property
    def decodes(self) -> bool:
        return self.schedule.weights.keyframe_pixels > 0

    def more(self, rows: Tensor, split: str) -> Batch:
        """`frames` (B,1+N,H,W,C) uint8 from K^0 on, where pixels are compared."""
        if not self.decodes or self.encodes:
            return {}
        return {"frames": torch.from_numpy(self.common.frames[split][rows.numpy(), self.recipe.window.conditioning - 1 :])}

    def own_terms(self, batch: Batch, predicted: Predicted) -> Terms:
        """`keyframe_embeddings`, `kl` and `sequence`, of the objective, and where it has a weight `keyframe_pixels`."""
        reduction, (embeddings, keyframes, tau, horizon, inside) = self.recipe.model.reduction, predicted
        truth = embeddings[:, self.recipe.window.conditioning :][:, :horizon]
        errors = losses.embedding_error(keyframes.embeddings, soft_time.soft_targets(tau, truth), reduction)
        kl = losses.kl_to_prior(keyframes.mean, keyframes.log_std)
        terms = {"keyframe_embeddings": losses.per_keyframe(errors, inside), "kl": losses.per_keyframe(kl, inside)}
        images = self.images(batch)[:, : 1 + horizon] if self.decodes else None
        if images is not None and self.schedule.weights.keyframe_pixels > 0:
            decoder = self.model.foundation.decoder
            decoded = decoder(keyframes.embeddings, images[:, :1])
            observed = decoder.observed(images[:, 1:])
            pixels = decoder.likelihood.error(decoded, soft_time.soft_targets(tau, observed), reduction)
            terms["keyframe_pixels"] = losses.per_keyframe(pixels, inside)
        return terms | self.sequence_terms(batch, predicted, truth, images)

    def images(self, batch: Batch) -> Tensor:
        """The frames (B,1+N,H,W,C) from K^0 on."""
        begin = self.recipe.window.conditioning - 1
        return to_images(batch["sequences"][:, begin:] if self.encodes else batch["frames"], self.device)

    def generated(self, batch: Batch, predicted: Predicted) -> tuple[Tensor, Tensor]:
        """The interpolator's frames (B,M,S,E) of all segments, and their shares (B,M,S,horizon) of the true ones (formula 6)."""
        _, keyframes, tau, horizon, _ = predicted
        first = predicted.embeddings[:, self.recipe.window.conditioning - 1]
        frames = self.model.segments(first, keyframes.embeddings, keyframes.delta, batch["inner_noise"].to(self.device))
        return frames, soft_time.share(soft_time.frame_weights(tau, keyframes.delta, horizon))

    @abstractmethod
    def sequence_terms(self, batch: Batch, predicted: Predicted, truth: Tensor, images: Tensor | None) -> Terms:
        """Formula 8, against the embeddings `truth` (B,horizon,E) or, where they are decoded, `images` (B,1+horizon,H,W,C)."""


class SoftEmbeddings(SoftPhase):
    def sequence_terms(self, batch: Batch, predicted: Predicted, truth: Tensor, images: Tensor | None) -> Terms:
        """`sequence`: formula 8 between embeddings."""
        frames, shares = self.generated(batch, predicted)
        errors = losses.embedding_error(soft_time.soft_frames(shares, frames), truth, self.recipe.model.reduction)
        return {"sequence": errors.sum(-1).mean()}


class SoftPixels(SoftPhase):
    decodes = True

    def sequence_terms(self, batch: Batch, predicted: Predicted, truth: Tensor, images: Tensor | None) -> Terms:
        """`sequence`: formula 8. With summed errors also `nats`, the negative ELBO: `sequence` and the KL of all keyframes inside
        at its full weight, by which runs are compared that were trained with other weights."""
        assert images is not None
        frames, shares = self.generated(batch, predicted)
        decoder, reduction, keyframes = self.model.foundation.decoder, self.recipe.model.reduction, predicted.keyframes
        decoded = decode_weighted(decoder, frames, images[:, 0], shares, self.schedule.skip_below)
        mixed, observed = soft_time.soft_frames(shares, decoded), decoder.observed(images[:, 1:])
        errors = decoder.likelihood.mean_error(mixed, observed, reduction).sum(-1)
        terms = {"sequence": errors.mean()}
        if reduction == "sum":
            kl = losses.kl_to_prior(keyframes.mean, keyframes.log_std)
            terms["nats"] = (errors + (predicted.inside * kl).sum(-1)).detach().mean()
        return terms
