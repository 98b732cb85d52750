"""The objectives `description` and `marginal`: description lengths over the costs of segments. Nothing is decoded."""

from __future__ import annotations

import torch
from torch import Tensor

from keyin_cli.model import losses, soft_time
from keyin_cli.model.description import expected_length, marginal_length
from keyin_cli.training.objectives.common import Common
from keyin_cli.training.objectives.phase import KeyframePhase, Predicted
from keyin_cli.training.phase import VALIDATION_BATCHES, Batch, Terms


class DescriptionPhase(KeyframePhase):
    """The expected length."""

    def __init__(self, common: Common, number: int) -> None:
        super().__init__(common, number)
        self.size["val"] = min(self.size["val"], VALIDATION_BATCHES * self.schedule.batch)
        self.costs = {split: torch.from_numpy(common.costs(split, self.size[split])) for split in ("train", "val")}
        self.price, self.earlier = common.price, -self.recipe.discovery.shift

    def more(self, rows: Tensor, split: str) -> Batch:
        """`costs` (B,N+1,S), in nats."""
        return {"costs": self.costs[split][rows]}

    def own_terms(self, batch: Batch, predicted: Predicted) -> Terms:
        """`description`, in nats; and formula 7 with the keyframes' chances detached, which would buy a small error of the
        embeddings with keyframes outside of the sequence."""
        reduction, (embeddings, keyframes, tau, horizon, inside) = self.recipe.model.reduction, predicted
        truth = embeddings[:, self.recipe.window.conditioning :][:, :horizon]
        errors = losses.embedding_error(keyframes.embeddings, soft_time.soft_targets(tau, truth), reduction)
        kl = losses.kl_to_prior(keyframes.mean, keyframes.log_std)
        return {
            "description": self.length(predicted, batch["costs"].to(self.device)).mean(),
            "keyframe_embeddings": losses.per_keyframe(errors, inside.detach()),
            "kl": losses.per_keyframe(kl, inside.detach()),
        }

    def length(self, predicted: Predicted, costs: Tensor) -> Tensor:
        """Nats of each sequence, (B,)."""
        return expected_length(predicted.tau, predicted.keyframes.delta, costs, self.price, predicted.horizon, self.earlier)


class MarginalPhase(DescriptionPhase):
    """The marginal length: all chains are summed."""

    def length(self, predicted: Predicted, costs: Tensor) -> Tensor:
        return marginal_length(predicted.keyframes.logits, costs, self.price, predicted.horizon, self.earlier)
