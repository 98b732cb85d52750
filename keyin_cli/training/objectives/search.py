"""The objective `search`: learn the keyframes that exact search finds."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from keyin_cli.model import losses
from keyin_cli.model.keyframes import Keyframes
from keyin_cli.model.search import cheapest_chain, shifted
from keyin_cli.training.objectives.common import Common
from keyin_cli.training.objectives.phase import KeyframePhase, Predicted
from keyin_cli.training.phase import VALIDATION_BATCHES, Batch, Terms
from keyin_cli.training.targets import to_offsets


class SearchPhase(KeyframePhase):
    def __init__(self, common: Common, number: int) -> None:
        super().__init__(common, number)
        self.size["val"] = min(self.size["val"], VALIDATION_BATCHES * self.schedule.batch)
        self.offsets = {split: self._search(split) for split in ("train", "val")}

    def _search(self, split: str) -> Tensor:
        """Offsets (n,M) int64 of the cheapest chains, moved by the recipe's shift, as `losses.offset_error` reads them."""
        common, discovery = self.common, self.recipe.discovery
        found = cheapest_chain(common.costs(split, self.size[split]), common.price)
        return torch.from_numpy(to_offsets(shifted(found, discovery.shift), self.recipe.window))

    def more(self, rows: Tensor, split: str) -> Batch:
        """`offsets` (B,M)."""
        return {"offsets": self.offsets[split][rows]}

    def times(self, batch: Batch) -> Tensor | None:
        if not self.schedule.teacher_forcing:
            return None
        return batch["offsets"].to(self.device).clamp_min(0).cumsum(-1).to(batch["noise"].dtype)

    def own_terms(self, batch: Batch, predicted: Predicted) -> Terms:
        """Supervision by the offsets of the search: `offsets`, at the keyframes it finds `keyframe_embeddings` and `kl`, and
        after the last of them `sequence`."""
        embeddings, keyframes, offsets = predicted.embeddings, predicted.keyframes, batch["offsets"].to(self.device)
        known, used = (offsets > 0).to(embeddings.dtype), (offsets != 0).to(embeddings.dtype)
        times = offsets.clamp_min(0).cumsum(-1) + self.recipe.window.conditioning - 1
        targets = embeddings.gather(1, times[..., None].expand(-1, -1, embeddings.shape[-1]))
        errors = losses.embedding_error(keyframes.embeddings, targets, self.recipe.model.reduction)
        kl = losses.kl_to_prior(keyframes.mean, keyframes.log_std)
        return {
            "offsets": losses.per_keyframe(losses.offset_error(keyframes.logits, offsets), used),
            "keyframe_embeddings": losses.per_keyframe(errors, known),
            "kl": losses.per_keyframe(kl, used),
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

    def counts(self, batch: Batch) -> dict[str, int]:
        left = -batch["offsets"]
        return {"sequence": int(left[(left > 0) & (left < self.recipe.window.max_offset)].sum())}
