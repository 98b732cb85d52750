"""What every objective of stage 2 has in common: its batches, the keyframe model's predictions, and what they are worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor

from keyin_cli.datasets.loader import batch_indices, step_rng
from keyin_cli.model import losses, soft_time
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyframes import Keyframes
from keyin_cli.recipe import Records, TrainPhase
from keyin_cli.training.objectives.common import Common
from keyin_cli.training.phase import Batch, Terms


class Predicted(NamedTuple):
    """What the loss of a batch is made of. `embeddings` (B,T+N,E) of the true frames; `tau` (B,M+1,M·S+1); `horizon`: of the N
    frames, how many count; `inside` (B,M): c^t, the chance that keyframe t is one of them."""

    embeddings: Tensor
    keyframes: Keyframes
    tau: Tensor
    horizon: int
    inside: Tensor


class KeyframePhase(ABC):
    """A phase of stage 2. Subclasses say their terms, and what else a batch has."""

    def __init__(self, common: Common, number: int) -> None:
        """`number`: of the phase, in the recipe's `train.phases`."""
        phases = common.recipe.train.phases
        self.common, self.name, self.recipe, self.model = common, common.name, common.recipe, common.model
        self.device = common.device
        self.section = f"train.phases.{number}" if len(phases) > 1 else "train"
        self.schedule: TrainPhase = phases[number]
        self.records: Records = common.recipe.train
        self.before = sum(phase.steps for phase in phases[:number])  # steps, whose random numbers are not used again
        self.encodes = any(phase.trains("encoder") for phase in phases[: number + 1])
        self.size = {"train": min(self.schedule.sequences or len(common.frames["train"]), len(common.frames["train"]))}
        self.size["val"] = len(common.frames["val"])

    def begin(self) -> None:
        foundation = self.model.foundation
        for name in ("encoder", "decoder", "interpolator"):
            getattr(foundation, name).requires_grad_(self.schedule.trains(name))

    def batch(self, step: int, split: str = "train") -> Batch:
        """`embeddings` (B,T+N,E), or the frames `sequences` (B,T+N,H,W,C) uint8 once the encoder is trained; standard normal
        `noise` for z (B,M,Z) and `inner_noise` for z_inter (B,M,Z); `horizon` (B,), in training; and what the objective adds."""
        recipe, window = self.recipe, self.recipe.window
        place = step + self.before if split == "train" else step
        rng, rows = step_rng(recipe.seed, place), batch_indices(recipe.seed, place, self.size[split], self.schedule.batch)
        shape, inner = (len(rows), window.keyframes), self.model.foundation.interpolator.latent
        batch = {
            "noise": torch.from_numpy(rng.standard_normal((*shape, recipe.model.latent), dtype="float32")),
            "inner_noise": torch.from_numpy(rng.standard_normal((*shape, inner), dtype="float32")),
        }
        if self.encodes:
            batch["sequences"] = torch.from_numpy(self.common.frames[split][rows])
        else:
            batch["embeddings"] = self.common.embeddings[split][torch.from_numpy(rows)]
        if split == "train" and self.schedule.grow:
            batch["horizon"] = torch.full((len(rows),), self.horizon(step))
        return batch | self.more(torch.from_numpy(rows), split)

    def horizon(self, step: int) -> int:
        """Of the N frames, how many count in a training step: from S on they grow to N, over the share `grow` of the steps."""
        window, share = self.recipe.window, self.schedule.grow
        first = min(window.max_offset, window.predicted)
        grown = min(1.0, step / (share * self.schedule.steps)) if share else 1.0
        return first + int((window.predicted - first) * grown)

    def terms(self, batch: Batch) -> Terms:
        """The objective's terms; also δ's entropy and the expected number of keyframes inside."""
        if self.encodes:
            embeddings = self.model.foundation.encoder(to_images(batch["sequences"], self.device))
        else:
            embeddings = batch["embeddings"].to(self.device)
        keyframes = self.model.keyframes(embeddings, noise=batch["noise"].to(self.device), times=self.times(batch))
        tau = soft_time.keyframe_times(keyframes.delta)
        horizon = int(batch["horizon"][0]) if "horizon" in batch else self.recipe.window.predicted
        inside = soft_time.inside(tau, horizon)
        return {
            **self.own_terms(batch, Predicted(embeddings, keyframes, tau, horizon, inside)),
            "entropy": losses.entropy(keyframes.logits),
            "keyframes_inside": inside.sum(-1).mean(),
        }

    def weights(self, step: int) -> dict[str, float]:
        """The recipe's weights; that of the entropy bonus, a negative one, falls linearly."""
        schedule, weights = self.schedule, self.schedule.weights.model_dump()
        left = max(0.0, 1 - step / (schedule.entropy_until * schedule.steps))
        if not weights["keyframes_inside"]:
            del weights["keyframes_inside"]  # only reported: no backward pass through it
        return weights | {"entropy": -(schedule.entropy_end + (weights["entropy"] - schedule.entropy_end) * left)}

    def counts(self, batch: Batch) -> dict[str, int]:
        return {}

    def more(self, rows: Tensor, split: str) -> Batch:
        """What else a batch of the sequences `rows` (B,) has; nothing by default."""
        return {}

    def times(self, batch: Batch) -> Tensor | None:
        """The times (B,M) of keyframes that LSTM_key is told; those that it expects by default."""
        return None

    @abstractmethod
    def own_terms(self, batch: Batch, predicted: Predicted) -> Terms: ...
