"""Time-agnostic prediction (Jayaraman et al. 2019), the model of the baseline TAP: from two images to one between them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from keyin_cli.model.keyin import Foundation
from keyin_cli.model.layers import mlp
from keyin_cli.recipe import Recipe


class Tap(nn.Module):
    """Encoder and decoder of stage 1, trained on, and fully connected layers from both embeddings to that in between."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        embedding, hidden = recipe.model.codec.embedding, 2 * recipe.model.lstm.units
        foundation = Foundation(recipe)
        self.encoder, self.decoder = foundation.encoder, foundation.decoder
        self.between = mlp([2 * embedding, hidden, hidden, embedding])

    def forward(self, start: Tensor, goal: Tensor) -> Tensor:
        """Logits (B,H,W,C) of one frame between images (B,H,W,C) in [0,1]; when it happens is the model's to choose."""
        ends = torch.cat([self.encoder(start), self.encoder(goal)], dim=-1)
        logits: Tensor = self.decoder(self.between(ends), start)
        return logits

    @torch.no_grad()
    def bottleneck(self, start: Tensor, goal: Tensor) -> Tensor:
        """The frame (n,H,W,C) between images (n,H,W,C), all in [0,1]."""
        logits: Tensor = self(start, goal)
        return logits.sigmoid()


def nearest(logits: Tensor, frames: Tensor, allowed: Tensor) -> Tensor:
    """Which frame has the smallest pixel error (BCE): (B,H,W,C), (B,L,H,W,C), allowed (B,L) bool -> (B,).

    Σ softplus(l) - l·y is smallest where l·y is largest: the first part is the same for all frames.
    """
    overlap = torch.einsum("bd,bld->bl", logits.flatten(1), frames.flatten(2))
    return overlap.masked_fill(~allowed, -torch.inf).argmax(dim=1)
