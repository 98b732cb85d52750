"""The whole model: the frozen foundation of stage 1 and the keyframe model of stage 2."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from keyin_cli.model import soft_time
from keyin_cli.model.encoder import Decoder, Encoder
from keyin_cli.model.interpolator import Interpolator
from keyin_cli.model.keyframes import KeyframeModel, Keyframes
from keyin_cli.recipe import Recipe


class Foundation(nn.Module):
    """What stage 1 trains and stage 2 freezes: encoder, decoder, interpolator."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.encoder = Encoder(recipe.model.codec, recipe.data.image)
        self.decoder = Decoder(recipe.model.codec, recipe.data.image)
        self.interpolator = Interpolator(recipe.model, recipe.window.max_offset)

    def inpaint(self, start: Tensor, end: Tensor, lengths: Tensor, steps: int) -> Tensor:
        """The frames after `start` (B,E) on the way to `end` (B,E), `lengths` (B,) frames later: embeddings (B,steps,E).

        The latent of a stochastic interpolator is its prior's mean.
        """
        offset = nn.functional.one_hot(lengths - 1, self.interpolator.max_offset).to(start.dtype)
        z = start.new_zeros(len(start), self.interpolator.latent)
        embeddings: Tensor = self.interpolator(start, end, offset, z, steps)
        return embeddings


class KeyIn(nn.Module):
    """Foundation and keyframe model."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.foundation = Foundation(recipe)
        self.keyframes = KeyframeModel(recipe.model, recipe.window)

    def segments(self, first: Tensor, ends: Tensor, delta: Tensor, z: Tensor) -> Tensor:
        """Inpaint every segment: K^0 (B,E), keyframes (B,M,E), offsets (B,M,S), z_inter (B,M,Z) -> embeddings (B,M,S,E)."""
        starts = torch.cat([first[:, None], ends[:, :-1]], dim=1)
        embeddings: Tensor = self.foundation.interpolator(*(piece.flatten(0, 1) for piece in (starts, ends, delta, z)))
        return embeddings.unflatten(0, ends.shape[:2])

    @torch.no_grad()
    def compose(self, first: Tensor, background: Tensor, keyframes: Keyframes) -> Tensor:
        """Generate the sequence of the argmax offsets (docs/spec.md, section 2, generation): pixels (B,N,H,W,C) in [0,1].

        `first` (B,E) and `background` (B,H,W,C) are K^0, embedded and as it is.

        Frames that the M segments do not reach repeat the last keyframe.
        """
        window = self.recipe.window
        delta = nn.functional.one_hot(keyframes.logits.argmax(-1), window.max_offset).to(first.dtype)
        z = first.new_zeros(*delta.shape[:2], self.foundation.interpolator.latent)
        weights = soft_time.frame_weights(soft_time.keyframe_times(delta), delta, window.predicted)
        embeddings = soft_time.soft_frames(weights, self.segments(first, keyframes.embeddings, delta, z))
        unreached = 1 - weights.sum((1, 2))[..., None]
        return self.foundation.decoder(embeddings + unreached * keyframes.embeddings[:, -1:], background[:, None]).sigmoid()
