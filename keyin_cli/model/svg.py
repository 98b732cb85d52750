"""SVG-FP (Denton and Fergus 2018), the frame-by-frame model of the baseline Surprise, from the same parts as KeyIn.

Every frame is predicted from the one before it and a latent with a fixed prior: q(z_t | I_0:t), p(z_t) = N(0, I). Time runs over
the T+N frames of a sequence; what is predicted are the T+N-1 frames after the first.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from keyin_cli.model.keyin import Foundation
from keyin_cli.model.layers import ProjectedLstm, gaussian
from keyin_cli.model.losses import kl_to_prior
from keyin_cli.model.noise import normal
from keyin_cli.recipe import Recipe

State = tuple[Tensor, Tensor]


class Svg(nn.Module):
    """Encoder and decoder of stage 1, trained on; LSTM_phi for the posterior, LSTM_theta for the prediction.

    Images are float32 in [0,1] on the model's device; n sequences, see the legend in `model`.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        embedding, lstm, self.latent = recipe.model.codec.embedding, recipe.model.lstm, recipe.model.latent
        foundation = Foundation(recipe)
        self.encoder, self.decoder = foundation.encoder, foundation.decoder
        self.posterior = ProjectedLstm(embedding, 2 * self.latent, lstm.layers, lstm.units)
        self.predictor = ProjectedLstm(embedding + self.latent, embedding, lstm.layers, lstm.units)

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """Draw sequences from the posterior's mean: (n,T+N,H,W,C) -> (n,N,H,W,C)."""
        count = self.recipe.window.conditioning
        embeddings = self.encoder(images)
        return self.generate(embeddings[:, :count], images[:, count - 1], self.infer(embeddings)[0])

    @torch.no_grad()
    def sample(self, conditioning: Tensor, rng: np.random.Generator) -> Tensor:
        """Continue conditioning frames (n,T,H,W,C), their latents the posterior's mean, with latents from the prior.

        Returns:
            (n,N,H,W,C).
        """
        embeddings = self.encoder(conditioning)
        z = self.infer(embeddings)[0]
        future = normal(rng, (len(conditioning), self.recipe.window.predicted, self.latent), z)
        return self.generate(embeddings, conditioning[:, -1], torch.cat([z, future], dim=1))

    @torch.no_grad()
    def imagine(self, conditioning: Tensor, z: Tensor) -> Tensor:
        """Draw the videos that m latents stand for, all in one batch: (n,T,H,W,C), (n,m,T-1+N,Z) -> (n,m,N,H,W,C)."""
        samples = z.shape[1]
        embeddings = self.encoder(conditioning).repeat_interleave(samples, dim=0)
        background = conditioning[:, -1].repeat_interleave(samples, dim=0)
        return self.generate(embeddings, background, z.flatten(0, 1)).unflatten(0, (len(conditioning), samples))

    @torch.no_grad()
    def surprise(self, images: Tensor) -> Tensor:
        """s_t = KL[q(z_t | I_0:t) || p(z_t)] of every frame after the first: (n,L,H,W,C) -> (n,L-1), in nats."""
        return kl_to_prior(*self.infer(self.encoder(images)))

    def infer(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior of z_t from the frames up to t: (B,L,E) -> mean and log σ (B,L-1,Z) for the frames after the first."""
        return gaussian(self.posterior(embeddings)[0][:, 1:])

    def predict(self, embeddings: Tensor, z: Tensor) -> Tensor:
        """Embeddings of the frames after the first, each from the true one before it: (B,L,E), (B,L-1,Z) -> (B,L-1,E)."""
        predicted: Tensor = self.predictor(torch.cat([embeddings[:, :-1], z], dim=-1))[0]
        return predicted

    @torch.no_grad()
    def generate(self, conditioning: Tensor, background: Tensor, z: Tensor) -> Tensor:
        """Predict on and on from its own frames.

        Args:
            conditioning: embeddings (B,T,E) of the true frames.
            background: the last of them (B,H,W,C).
            z: (B,T-1+N,Z): latents of the conditioning frames after the first, then of the frames to predict.

        Returns:
            Pixels (B,N,H,W,C) in [0,1].
        """
        count = conditioning.shape[1]
        state: State | None = None
        for t in range(count - 1):
            _, state = self.predictor(torch.cat([conditioning[:, t], z[:, t]], dim=-1)[:, None], state)
        current, images = conditioning[:, -1], []
        for t in range(count - 1, z.shape[1]):
            predicted, state = self.predictor(torch.cat([current, z[:, t]], dim=-1)[:, None], state)
            images.append(self.decoder.draw(self.decoder(predicted[:, 0], background)))
            current = self.encoder(images[-1])
        return torch.stack(images, dim=1)
