"""The whole model: the frozen foundation of stage 1 and the keyframe model of stage 2."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from keyin_cli.model import encoder, soft_time
from keyin_cli.model.interpolator import Interpolator
from keyin_cli.model.keyframes import Horizon, KeyframeModel, Keyframes, Observer, OffsetSource
from keyin_cli.model.noise import normal
from keyin_cli.recipe import BareInference, ConstantOffsets, Offsets, Recipe, StochasticInterpolator, StraightInterpolator


class Foundation(nn.Module):
    """What stage 1 trains and stage 2 freezes: encoder, decoder, interpolator."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        model, inner = recipe.model, recipe.model.interpolator
        self.encoder, self.decoder = encoder.build(model.codec, recipe.data.frame)
        self.interpolator = Interpolator(
            embedding=model.codec.embedding,
            max_offset=recipe.window.max_offset,
            layers=model.lstm.layers,
            units=model.lstm.units,
            latent=inner.latent if isinstance(inner, StochasticInterpolator) else 0,
            straight=isinstance(inner, StraightInterpolator),
        )

    def inpaint(self, start: Tensor, end: Tensor, lengths: Tensor, steps: int) -> Tensor:
        """The frames after `start` (B,E) on the way to `end` (B,E), `lengths` (B,) frames later: embeddings (B,steps,E).

        The latent of a stochastic interpolator is its prior's mean.
        """
        offset = nn.functional.one_hot(lengths - 1, self.interpolator.max_offset).to(start.dtype)
        z = start.new_zeros(len(start), self.interpolator.latent)
        embeddings: Tensor = self.interpolator(start, end, offset, z, steps)
        return embeddings


class KeyIn(nn.Module):
    """Foundation and keyframe model.

    Images are float32 in [0,1] on the model's device; n sequences, see the legend in `model`.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.foundation = Foundation(recipe)
        self.keyframes = _keyframe_model(recipe)

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """Draw sequences from the posterior's mean: (n,T+N,H,W,C) -> (n,N,H,W,C)."""
        last = self.recipe.window.conditioning - 1
        sequence = self.foundation.encoder(images)
        return self.compose(sequence[:, last], images[:, last], self.keyframes(sequence))

    @torch.no_grad()
    def sample(self, conditioning: Tensor, rng: np.random.Generator) -> Tensor:
        """Continue conditioning frames with latents from the prior: (n,T,H,W,C) -> (n,N,H,W,C)."""
        return self.sample_with_times(conditioning, rng)[0]

    @torch.no_grad()
    def sample_with_times(self, conditioning: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The same, and which of the frames are keyframes: (n,N,H,W,C) and (n,N) bool."""
        window, embeddings = self.recipe.window, self.foundation.encoder(conditioning)
        z = normal(rng, (len(conditioning), window.keyframes, self.keyframes.latent), embeddings)
        keyframes = self.keyframes(embeddings, z=z)
        images = self.compose(embeddings[:, -1], conditioning[:, -1], keyframes)
        return images, soft_time.hard_times(keyframes.delta, window.predicted)

    @torch.no_grad()
    def imagine(self, conditioning: Tensor, z: Tensor, last_only: bool = False) -> Tensor:
        """Draw the keyframes that latents stand for, all in one batch.

        Args:
            conditioning: (n,T,H,W,C).
            z: m latents for each of them, (n,m,M,Z).
            last_only: draw the last keyframe only, most of the work being the drawing.

        Returns:
            (n,m,M,H,W,C), or (n,m,1,H,W,C).
        """
        samples = z.shape[1]
        embeddings = self.foundation.encoder(conditioning).repeat_interleave(samples, dim=0)
        keyframes = self.keyframes(embeddings, z=z.flatten(0, 1)).embeddings
        keyframes = (keyframes[:, -1:] if last_only else keyframes).unflatten(0, (len(conditioning), samples))
        decoder = self.foundation.decoder
        images: Tensor = decoder.draw(decoder(keyframes, conditioning[:, -1, None, None]))
        return images

    @torch.no_grad()
    def probability(self, images: Tensor) -> Tensor:
        """Chance that a frame is a keyframe, of the frames 1…N at the posterior's mean: (n,T+N,H,W,C) -> (n,N).

        Σ_t τ^t_j: no two keyframes stand at the same time, so their chances add up.
        """
        tau = soft_time.keyframe_times(self._delta(images))
        return tau[:, 1:, 1 : self.recipe.window.predicted + 1].sum(1)

    @torch.no_grad()
    def detect(self, images: Tensor) -> Tensor:
        """Keyframes among the frames 1…N: the argmax offsets at the posterior's mean. (n,T+N,H,W,C) -> (n,N) bool."""
        return soft_time.hard_times(self._delta(images), self.recipe.window.predicted)

    def _delta(self, images: Tensor) -> Tensor:
        keyframes: Keyframes = self.keyframes(self.foundation.encoder(images))
        return keyframes.delta

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
        decoder = self.foundation.decoder
        return decoder.draw(decoder(embeddings + unreached * keyframes.embeddings[:, -1:], background[:, None]))


def _keyframe_model(recipe: Recipe) -> KeyframeModel:
    model, window = recipe.model, recipe.window
    return KeyframeModel(
        embedding=model.codec.embedding,
        layers=model.lstm.layers,
        units=model.lstm.units,
        latent=model.latent,
        horizon=Horizon(window.conditioning, window.predicted, window.keyframes, window.max_offset),
        observer=_observer(recipe),
        offsets=_offsets(model.offsets),
        learned_prior=model.prior == "learned",
    )


def _observer(recipe: Recipe) -> Observer:
    lstm, inference = recipe.model.lstm, recipe.model.inference
    if isinstance(inference, BareInference):
        return Observer(lstm.layers, lstm.units)
    lstm = inference.lstm or lstm
    return Observer(lstm.layers, lstm.units, tuple(inference.kernels), temporal=True)


def _offsets(offsets: Offsets) -> OffsetSource:
    return offsets.offset if isinstance(offsets, ConstantOffsets) else offsets.kind
