"""LSTM_inter (paper section 3.1): two keyframes and the offset between them -> the embeddings in between.

The state is fresh for every segment, a function of (kappa^{t-1}, kappa^t, delta^t, z_inter); the same vector is the input of
every step. Segments are independent, so all of them go through in one batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from keyin_cli.model.layers import ProjectedLstm, gaussian, mlp


class Interpolator(nn.Module):
    def __init__(self, embedding: int, max_offset: int, layers: int, units: int, latent: int, straight: bool = False) -> None:
        """
        Args:
            embedding: E.
            max_offset: S.
            layers, units: of its LSTMs.
            latent: size of z_inter; 0 for a deterministic interpolator.
            straight: whether what it says is added to the straight line between both embeddings.
        """
        super().__init__()
        self.straight = straight
        self.max_offset, self.latent, self.layers, self.units = max_offset, latent, layers, units
        context = 2 * embedding + max_offset + latent
        self.initial = mlp([context, 2 * units, 2 * layers * units])
        self.lstm = ProjectedLstm(context, embedding, layers, units)
        self.posterior = ProjectedLstm(embedding, 2 * latent, layers, units) if latent else None

    def forward(self, start: Tensor, end: Tensor, offset: Tensor, z: Tensor, steps: int | None = None) -> Tensor:
        """Inpaint segments.

        Args:
            start, end: embeddings of the keyframes, (B,E).
            offset: distribution of the offset, one-hot or soft, (B,S).
            z: latent z_inter, (B,Z); Z is 0 for a deterministic interpolator.
            steps: how many frames to make, all S by default.

        Returns:
            Embeddings of the frames after `start`, (B,steps,E); frame i of a segment of length i should be `end`.
        """
        context = torch.cat([start, end, offset, z], dim=-1)
        hidden, cell = self.initial(context).unflatten(-1, (2, self.layers, self.units)).permute(1, 2, 0, 3).contiguous()
        embeddings: Tensor = self.lstm.repeat(context, steps or self.max_offset, (hidden.tanh(), cell))
        return embeddings + straight_line(start, end, offset, embeddings.shape[1]) if self.straight else embeddings

    def infer(self, embeddings: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior of z_inter given a segment's own frames (B,S,E), the first `lengths` (B,) of them: mean, log σ (B,Z)."""
        assert self.posterior is not None, "a deterministic interpolator has no latent"
        outputs = self.posterior(embeddings)[0]
        return gaussian(outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1])


def straight_line(start: Tensor, end: Tensor, offset: Tensor, steps: int) -> Tensor:
    """Embeddings (B,steps,E) on the line from `start` to `end` (B,E), of the frames 1 … steps after `start`: at the share i/L of
    the way, on average over the offset's distribution (B,S), and at `end` from there on."""
    time = torch.arange(1, steps + 1, device=start.device, dtype=start.dtype)
    length = torch.arange(1, offset.shape[-1] + 1, device=start.device, dtype=start.dtype)
    shares = offset @ (time / length[:, None]).clamp_max(1)
    return start[:, None] + shares[..., None] * (end - start)[:, None]
