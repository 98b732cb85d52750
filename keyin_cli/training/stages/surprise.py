"""SVG-FP, the model of the baseline Surprise: every frame from the one before it, on from the encoder and decoder of stage 1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli.datasets.loader import batch_indices, step_rng
from keyin_cli.model import losses
from keyin_cli.model.encoder import to_images
from keyin_cli.model.svg import Svg
from keyin_cli.recipe import Recipe, Schedule
from keyin_cli.training.engine import seeded
from keyin_cli.training.stage import Batch, Terms


class SurpriseStage:
    name = section = "surprise"

    def __init__(
        self,
        recipe: Recipe,
        schedule: Schedule,
        kl: float,
        foundation: Mapping[str, Tensor],
        frames: Mapping[str, NDArray[np.uint8]],
        device: torch.device,
    ) -> None:
        """Set up the stage.

        Args:
            kl: weight of the term `kl`.
            foundation: the weights of stage 1, whose encoder and decoder are trained on.
            frames: see `KeyInStage`.
        """
        self.recipe, self.schedule, self.kl, self.device, self.frames = recipe, schedule, kl, device, frames
        self.model = seeded(recipe.seed, lambda: Svg(recipe))
        codec = {name: value for name, value in foundation.items() if name.startswith(("encoder.", "decoder."))}
        self.model.load_state_dict(codec, strict=False)
        self.model.to(device)

    def batch(self, step: int, split: str = "train") -> Batch:
        """`frames` (B,T+N,H,W,C) uint8 and standard normal `noise` (B,T+N-1,Z)."""
        rows = batch_indices(self.recipe.seed, step, len(self.frames[split]), self.schedule.batch)
        frames = self.frames[split][rows]
        shape = (len(rows), frames.shape[1] - 1, self.model.latent)
        noise = step_rng(self.recipe.seed, step).standard_normal(shape, dtype=np.float32)
        return {"frames": torch.from_numpy(frames), "noise": torch.from_numpy(noise)}

    def terms(self, batch: Batch) -> Terms:
        """`frames`: error of the predicted frames; `kl`: of z_t; both per frame."""
        images = to_images(batch["frames"], self.device)
        embeddings = self.model.encoder(images)
        mean, log_std = self.model.infer(embeddings)
        z = mean + log_std.exp() * batch["noise"].to(self.device)
        background = images[:, self.recipe.window.conditioning - 1, None]
        logits = self.model.decoder(self.model.predict(embeddings, z), background)
        return {
            "frames": losses.pixel_error(logits, images[:, 1:], self.recipe.model.reduction).mean(),
            "kl": losses.kl_to_prior(mean, log_std).mean(),
        }

    def weights(self, step: int) -> dict[str, float]:
        return {"frames": 1.0, "kl": self.kl}

    def counts(self, batch: Batch) -> dict[str, int]:
        return {}
