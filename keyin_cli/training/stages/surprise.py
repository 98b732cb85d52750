"""SVG-FP, the model of the baseline Surprise: every frame from the one before it, on from the encoder and decoder of stage 1."""

from __future__ import annotations

import numpy as np
import torch

from keyin_cli.datasets.loader import step_rng
from keyin_cli.model import losses
from keyin_cli.model.svg import Svg
from keyin_cli.training.phase import Batch, Terms
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.sequences import SequenceStage


class SurpriseStage(SequenceStage):
    name = section = "surprise"
    network = Svg
    model: Svg

    def __init__(self, material: Material, kl: float) -> None:
        """`kl`: weight of the term `kl`. Encoder and decoder of stage 1 are trained on."""
        super().__init__(material)
        self.losses = {"frames": 1.0, "kl": kl}
        self.start_from_codec(material.foundation)

    def batch(self, step: int, split: str = "train") -> Batch:
        """`frames` (B,T+N,H,W,C) uint8 and standard normal `noise` (B,T+N-1,Z) float32."""
        batch = super().batch(step, split)
        shape = (len(batch["frames"]), batch["frames"].shape[1] - 1, self.model.latent)
        noise = step_rng(self.recipe.seed, step).standard_normal(shape, dtype=np.float32)
        return batch | {"noise": torch.from_numpy(noise)}

    def terms(self, batch: Batch) -> Terms:
        """`frames`: error of the predicted frames; `kl`: of z_t; both per frame."""
        images = self.images(batch)
        embeddings = self.model.encoder(images)
        mean, log_std = self.model.infer(embeddings)
        z = mean + log_std.exp() * batch["noise"].to(self.device)
        background = images[:, self.recipe.window.conditioning - 1, None]
        outputs = self.model.decoder(self.model.predict(embeddings, z), background)
        return {
            "frames": self.model.decoder.error(outputs, images[:, 1:], self.recipe.model.reduction).mean(),
            "kl": losses.kl_to_prior(mean, log_std).mean(),
        }
