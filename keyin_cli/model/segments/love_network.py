"""The network of LOVE (Jiang et al., 2022, and their public code for demonstrations): skills, few of them, and seldom another."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keyin_cli.model.layers import mlp
from keyin_cli.model.segments import coding, gumbel
from keyin_cli.model.segments.learning import HIDDEN, Pieces, Segmenter, mean, squared_error
from keyin_cli.model.segments.limits import dropped
from keyin_cli.model.segments.memory import Detector, before, begun, chances

CODES, STATE, LAYERS, WIDTH = 10, 8, 5, 5  # as published
LEAST = 3  # frames of a segment
FREE, MEMORY = 0.5, 0.99  # share of the training without compression; of the running mean of the error
WEIGHT = 0.1 * 18  # at most, of the description of a piece over its frames: 0.1 for 18 frames where observations are Gaussian


class Love(Segmenter):
    """Features (B,L,F) and actions (B,L,A): the code of a segment and a frame's features predict the frame's action.

    Args:
        features: F.
        actions: A.
    """

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        self.encoder, self.action = mlp([features, HIDDEN, HIDDEN]), nn.Linear(actions, HIDDEN)
        self.both = nn.Linear(2 * HIDDEN, HIDDEN)
        self.detector = Detector(HIDDEN, LAYERS, WIDTH, causal=True)
        self.past, self.ahead = nn.GRU(HIDDEN, HIDDEN, batch_first=True), nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.code = nn.Sequential(nn.Linear(2 * HIDDEN, 2 * HIDDEN), nn.ReLU(), nn.Linear(2 * HIDDEN, CODES))
        self.skill, self.state = nn.Linear(CODES, HIDDEN), nn.Linear(2 * HIDDEN, STATE)
        self.weight, self.error, self.bound, self.last = 0.0, 0.0, 0.0, 0.0
        self.policy = nn.Sequential(
            nn.Linear(STATE, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, actions)
        )

    @torch.no_grad()
    def chances(self, episode: Pieces) -> NDArray[np.float64]:
        """That a segment begins at each frame of an episode (B = 1), from what was seen until then and done before: (n,)."""
        return chances(self._detected(self.encoder(episode.seen), self.action(episode.done)))

    def loss(self, pieces: Pieces, share: float) -> Tensor:
        encoded, action = self.encoder(pieces.seen), self.action(pieces.done)
        logits = self._detected(encoded, action)
        begins, _ = gumbel.yes_or_no(logits, torch.rand_like(logits), gumbel.annealed(share))
        begins = begun(begins)
        begins = begins * (1 - dropped(begins.detach().round(), LEAST)) * pieces.inside

        both = self.both(torch.cat([encoded, action], -1))
        context = torch.cat([before(self.past(both)[0]), self.ahead(both.flip(1))[0].flip(1)], -1)
        logits = self.code(context)
        skills = self.skill(gumbel.one_hot(logits, torch.rand_like(logits), 1.0))

        error = mean(squared_error(self._act(encoded, kept(skills, begins)), pieces.done), pieces.inside)
        frames = pieces.inside.sum() / len(begins)
        self._weigh(error.item(), share)
        return error + self.weight * coding.description(logits.softmax(-1), begins) / frames

    def _weigh(self, error: float, share: float) -> None:
        """Let the weight of the description grow while actions are predicted well enough, else shrink (equation 7).

        Public code has a bound for its own actions. Here it is the mean error after half of the training, without compression.
        """
        self.error += (1 - MEMORY) * (error - self.error)
        if share <= FREE:
            self.bound, self.last = self.error, share
            return
        change = WEIGHT * (share - self.last) / (1 - FREE)
        self.last = share
        self.weight = min(max(self.weight + (change if self.error < self.bound else -change), 0.0), WEIGHT)

    def _detected(self, encoded: Tensor, action: Tensor) -> Tensor:
        return self.detector(self.both(torch.cat([encoded, before(action)], -1)))

    def _act(self, encoded: Tensor, skills: Tensor) -> Tensor:
        return self.policy(self.state(torch.cat([encoded, skills], -1)))


def kept(skills: Tensor, begins: Tensor) -> Tensor:
    """The skill of the segment of each frame, z_t = m_t z'_t + (1 - m_t) z_{t-1}, where every m is 0 or 1: (B,L,H).

    What the sum over frames would give is picked at once; its gradient for m, z'_t - z_{t-1} for all frames from t to the end of
    the segment, is that of differences of a cumulative sum whose value is 0.

    Args:
        skills: z' (B,L,H), of a segment that would begin at each frame.
        begins: m (B,L), 1 at the first frame.
    """
    frames = torch.arange(begins.shape[1], device=begins.device).expand(begins.shape)
    first = torch.where(begins > 0.5, frames, 0).cummax(1).values[..., None].expand(skills.shape)
    found = skills.gather(1, first)
    step = (begins - begins.detach())[..., None] * (skills - before(found)).detach()
    total = step.cumsum(1)
    return found + total - before(total).gather(1, first)
