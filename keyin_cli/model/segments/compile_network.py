"""The network of CompILE (Kipf et al., 2019; section 2 and their public code): segments one after another, each with a latent."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from keyin_cli.model.layers import gaussian, sampled
from keyin_cli.model.losses import kl_to_prior
from keyin_cli.model.segments import gumbel, masks
from keyin_cli.model.segments.learning import HIDDEN, Pieces, Segmenter, squared_error
from keyin_cli.model.segments.memory import Faded

LATENT, TEMPERATURE, WEIGHT = 32, 1.0, 0.1  # as published; WEIGHT of both divergences


class Compile(Segmenter):
    """Cuts sequences of features (B,L,F) and actions (B,L,A) so that a latent and the features predict a segment's actions.

    A frame of zeros behind the end of a sequence is where a boundary says that nothing is left: so segments may be empty.

    Args:
        features: F.
        actions: A.
        rate: frames of a segment on average, before anything is seen.
    """

    def __init__(self, features: int, actions: int, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.embed = nn.Linear(features + actions, HIDDEN)
        self.encoder = Faded(HIDDEN, HIDDEN)
        self.boundary = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
        self.latent = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENT))
        self.state, self.skill = nn.Linear(features, HIDDEN), nn.Linear(LATENT, HIDDEN)
        self.policy = nn.Linear(HIDDEN, actions)

    def loss(self, pieces: Pieces, share: float) -> Tensor:
        inputs, allowed = self._read(pieces)
        segments = max(math.ceil(pieces.seen.shape[1] / self.rate), 2)
        mask, boundaries = torch.ones_like(allowed, dtype=torch.float32), []
        error = divergence = torch.zeros(())
        end = functional.one_hot(pieces.inside.sum(1).long(), allowed.shape[1]).float()
        for segment in range(segments):
            hidden = self.encoder(inputs, mask)
            boundary = end  # the last segment has what is left
            if segment < segments - 1:
                logits = self._logits(hidden, allowed)
                boundary = gumbel.one_of_many(logits, torch.rand_like(logits), TEMPERATURE)
            if segment == 0:  # where the others begin is not known: as published, the first speaks for them
                prior = masks.poisson(logits.shape[1], self.rate)
                divergence = divergence + segments * masks.divergence(logits, prior).mean()
            read = (hidden[:, :-1] * boundary[:, 1:, None]).sum(1)  # the last frame of the segment has seen all of it
            mean, log_std = gaussian(self.latent(read))
            latent = sampled(mean, log_std, torch.randn_like(mean))
            belongs = masks.within(boundary, mask)[:, :-1] * pieces.inside
            predicted = self.policy((self.state(pieces.seen) + self.skill(latent)[:, None]).relu())
            error = error + (belongs * squared_error(predicted, pieces.done)).sum(1).mean()
            divergence = divergence + kl_to_prior(mean, log_std).mean()
            boundaries.append(boundary)
            mask = masks.behind(boundaries)
        return error + WEIGHT * divergence

    @torch.no_grad()
    def boundaries(self, episode: Pieces, most: int) -> list[int]:
        """The likeliest boundaries of an episode (B = 1) in turn, at most so many: first frames of segments. None is before the
        one before it, and it stops where nothing is left."""
        inputs, allowed = self._read(episode)
        frames, found = torch.arange(inputs.shape[1]), [0]
        while len(found) <= most:
            mask = (frames >= found[-1]).float()[None]
            last = int(self._logits(self.encoder(inputs, mask), allowed & (frames > found[-1])).argmax())
            if last == inputs.shape[1] - 1:
                break
            found.append(last)
        return found[1:]

    def _read(self, pieces: Pieces) -> tuple[Tensor, Tensor]:
        """Embedded frames (B,L+1,H), the last of which is the end; and where a boundary may be (B,L+1)."""
        inputs = self.embed(functional.pad(torch.cat([pieces.seen, pieces.done], -1), (0, 0, 0, 1)))
        frames = torch.arange(inputs.shape[1])
        return inputs, (frames > 0) & (frames <= pieces.inside.sum(1)[:, None])

    def _logits(self, hidden: Tensor, allowed: Tensor) -> Tensor:
        return self.boundary(hidden)[..., 0].masked_fill(~allowed, masks.NEVER)
