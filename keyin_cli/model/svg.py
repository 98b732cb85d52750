"""SVG-FP (Denton and Fergus 2018), the frame-by-frame model of the baseline Surprise, from the same parts as KeyIn.

Every frame is predicted from the one before it and a latent with a fixed prior: q(z_t | I_0:t), p(z_t) = N(0, I). Time runs over
the T+N frames of a sequence; what is predicted are the T+N-1 frames after the first.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from keyin_cli.model.keyin import Foundation
from keyin_cli.model.layers import ProjectedLstm
from keyin_cli.recipe import Recipe

State = tuple[Tensor, Tensor]


class Svg(nn.Module):
    """Encoder and decoder of stage 1, trained on; LSTM_phi for the posterior, LSTM_theta for the prediction."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        embedding, self.latent = recipe.model.codec.embedding, recipe.model.latent
        foundation = Foundation(recipe)
        self.encoder, self.decoder = foundation.encoder, foundation.decoder
        self.posterior = ProjectedLstm(embedding, 2 * self.latent, recipe.model.lstm)
        self.predictor = ProjectedLstm(embedding + self.latent, embedding, recipe.model.lstm)

    def infer(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior of z_t from the frames up to t: (B,L,E) -> mean and log σ (B,L-1,Z) for the frames after the first."""
        mean, log_std = self.posterior(embeddings)[0][:, 1:].chunk(2, dim=-1)
        return mean, log_std.clamp(-5, 2)

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
            images.append(self.decoder(predicted[:, 0], background).sigmoid())
            current = self.encoder(images[-1])
        return torch.stack(images, dim=1)
