"""The network of LOVE (Jiang et al., 2022): segments whose actions follow from the frame and one of a few codes, told briefly.

What is made least is how many nats it takes to tell the actions of given frames: their errors, the codes of segments, which is
the paper's price H(p(z)) E[segments], and where those begin. The weight of the price is 1, for all are nats; the public code
moves it so that errors stay below a bound that suits discrete actions alone, and does not count where segments begin.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keyin_cli.model.layers import mlp
from keyin_cli.model.segments import gumbel
from keyin_cli.model.segments.learning import HIDDEN, Beginner, Pieces, log_error, mean, squared_error
from keyin_cli.model.segments.memory import Detector, Reset, before, begun, chances

CODES, LAYERS = 10, 5  # as published
WIDTH = 3  # of the detector's kernels, which see both ways, as in VTA: as published they see the past, to act on it
FREE = 1 / 3  # of the training: how long codes are learned before boundaries are


class Love(Beginner):
    """Cuts sequences of features (B,L,F) and actions (B,L,A) so that a code and the features predict a segment's actions.

    Where segments begin is drawn at random at first. Were it learned from the start, each frame would begin one, as nothing else
    says its actions as well, and codes would be kinds of actions; in random segments a code pays only if it holds for a while.

    Args:
        features: F.
        actions: A.
        rate: frames of a segment on average, before anything is seen; more than 1.
    """

    def __init__(self, features: int, actions: int, rate: float) -> None:
        super().__init__()
        self.expected = -math.log(rate - 1)  # logit of a boundary
        self.encoder = mlp([features + actions, HIDDEN, HIDDEN])
        self.detector = Detector(HIDDEN, LAYERS, WIDTH)
        self.past, self.ahead = nn.GRU(HIDDEN, HIDDEN, batch_first=True), Reset(HIDDEN, HIDDEN)
        self.posterior = mlp([2 * HIDDEN, HIDDEN, CODES])
        self.state, self.code = nn.Linear(features, HIDDEN), nn.Embedding(CODES, HIDDEN)
        self.policy = nn.Sequential(nn.LayerNorm(HIDDEN), nn.SiLU(), mlp([HIDDEN, HIDDEN, actions]))
        assert self.detector.last.bias is not None
        nn.init.constant_(self.detector.last.bias, self.expected)  # it begins where random boundaries end

    @torch.no_grad()
    def chances(self, episode: Pieces) -> NDArray[np.float64]:
        """q(m_t = 1 | x, a), that a segment begins at each frame of an episode (B = 1): (n,)."""
        return chances(self.detector(self._encoded(episode)))

    def loss(self, pieces: Pieces, share: float) -> Tensor:
        """The description length of actions a frame, in nats, less a constant; at first of what codes do not say alone."""
        encoded = self._encoded(pieces)
        logits = self.detector(encoded)
        begins = begun(self._sampled(logits, share), pieces.inside)
        codes = self._codes(encoded, begins)
        predicted = self.policy(self.state(pieces.seen)[..., None, :] + self.code.weight)
        errors = (kept(codes, begins) * squared_error(predicted, pieces.done[..., None, :])).sum(-1)
        error = log_error(errors, pieces.inside, pieces.done.shape[2])
        if share < FREE:
            return error
        # Fixed: a prior that knew codes and frames would make it free to begin a segment at every frame of one code.
        prior = torch.full_like(logits[:, 1:], self.expected)
        of_m = nn.functional.pad(gumbel.divergence(logits[:, 1:], prior), (1, 0))
        return error + mean(of_m, pieces.inside) + description(codes, begins * pieces.inside) / pieces.inside.sum()

    def _encoded(self, pieces: Pieces) -> Tensor:
        encoded: Tensor = self.encoder(torch.cat([pieces.seen, pieces.done], -1))
        return encoded

    def _sampled(self, logits: Tensor, share: float) -> Tensor:
        """m (B,L)."""
        uniform = torch.rand_like(logits)
        if share < FREE:
            return gumbel.yes_or_no(torch.full_like(logits, self.expected), uniform, 1.0)
        return gumbel.yes_or_no(logits, uniform, gumbel.annealed(share))

    def _codes(self, encoded: Tensor, begins: Tensor) -> Tensor:
        """q(z_t | x, a, m) (B,L,K) were a segment to begin at each frame: from all before it, and the frames of its segment."""
        stays = torch.cat([1 - begins[:, 1:], torch.zeros_like(begins[:, :1])], 1)  # whether the next frame is of the segment
        ahead = self.ahead(encoded.flip(1), stays.flip(1)).flip(1)
        chance: Tensor = self.posterior(torch.cat([before(self.past(encoded)[0]), ahead], -1)).softmax(-1)
        return chance


def kept(codes: Tensor, begins: Tensor) -> Tensor:
    """The chances (B,L,K) of the code of the segment that each frame belongs to.

    The error that is expected of them is exact, as there are few: the public code draws one, whose gradient is a guess.

    Args:
        codes: (B,L,K), chances were a segment to begin at each frame.
        begins: (B,L), 1 where one does, else 0, and 1 at the first frame.
    """
    chance = codes[:, 0]
    chances = [chance]
    for each, read in zip(codes[:, 1:].unbind(1), begins[:, 1:, None].unbind(1), strict=True):
        chance = read * each + (1 - read) * chance
        chances.append(chance)
    return torch.stack(chances, 1)


def description(codes: Tensor, begins: Tensor) -> Tensor:
    """How many nats tell the codes of all segments: their number times the entropy of the mean chances where they begin, ().

    Args:
        codes: (B,L,K), chances were a segment to begin at each frame.
        begins: (B,L), 1 where one does, else 0; one at least does.
    """
    count = begins.sum()
    marginal = (codes * begins[..., None]).sum((0, 1)) / count
    return count * torch.special.entr(marginal.clamp(min=torch.finfo(marginal.dtype).tiny)).sum()
