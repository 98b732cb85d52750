"""The network of VTA (Kim, Ahn and Bengio, 2019): a state space model whose upper level changes at boundaries alone."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keyin_cli.model.layers import mlp
from keyin_cli.model.segments import gumbel
from keyin_cli.model.segments.latents import Gaussian, Latent
from keyin_cli.model.segments.learning import HIDDEN, Beginner, Pieces, log_error, mean, squared_error
from keyin_cli.model.segments.limits import limited
from keyin_cli.model.segments.memory import Detector, Reset, before, begun, chances

STATE, LAYERS, WIDTH = 8, 5, 3  # as published
LONGEST = 16  # frames of a segment in the prior: twice those of the public code, as pieces are
MEAN = 4  # frames of the segments of a piece, on average and at least, in the prior: as in the public code


class Vta(Beginner):
    """The model of sequences of features (B,L,F). Letters are the paper's: z and its context c of a segment, s and its memory h
    of a frame, m whether a segment begins.

    Args:
        features: F.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.encoder, self.decoder = mlp([features, HIDDEN, HIDDEN]), mlp([HIDDEN, HIDDEN, features])
        self.detector = Detector(HIDDEN, LAYERS, WIDTH)
        self.begin = nn.Linear(HIDDEN, 1)  # the prior of m
        self.past, self.ahead = nn.GRU(HIDDEN, HIDDEN, batch_first=True), Reset(HIDDEN, HIDDEN)
        self.since = Reset(HIDDEN, HIDDEN)
        self.context, self.memory = nn.GRUCell(STATE, HIDDEN), nn.GRUCell(STATE + HIDDEN, HIDDEN)
        self.segment, self.frame = nn.Linear(HIDDEN + STATE, HIDDEN), nn.Linear(HIDDEN + STATE, HIDDEN)
        self.prior_z, self.posterior_z = Latent(HIDDEN, HIDDEN, STATE), Latent(2 * HIDDEN, HIDDEN, STATE)
        self.prior_s, self.posterior_s = Latent(HIDDEN, HIDDEN, STATE), Latent(2 * HIDDEN, HIDDEN, STATE)

    @torch.no_grad()
    def chances(self, episode: Pieces) -> NDArray[np.float64]:
        """q(m_t = 1 | x), that a segment begins at each frame of an episode (B = 1): (n,)."""
        return chances(self.detector(self.encoder(episode.seen)))

    def loss(self, pieces: Pieces, share: float) -> Tensor:
        """The negative evidence bound (equation 9) a frame, in nats, less a constant."""
        encoded = self.encoder(pieces.seen)
        logits = self.detector(encoded)
        begins = begun(gumbel.yes_or_no(logits, torch.rand_like(logits), gumbel.annealed(share)), pieces.inside)
        posterior_z = self._posterior_z(encoded, begins)
        contexts, z = self._segments(posterior_z.sample(torch.randn_like(posterior_z.mean)), begins)
        segment = self.segment(torch.cat([contexts, z], -1))
        posterior_s = self.posterior_s(torch.cat([self.since(encoded, 1 - begins), segment], -1))
        s = posterior_s.sample(torch.randn_like(posterior_s.mean))
        memories = self._memories(segment, s, begins)
        frame = self.frame(torch.cat([memories, s], -1))

        error = squared_error(self.decoder(frame), pieces.seen)
        of_z = posterior_z.divergence(self.prior_z(contexts)) * begins.detach()
        of_s = posterior_s.divergence(self.prior_s(memories))
        most = math.ceil(begins.shape[1] / MEAN)
        prior = limited(self.begin(frame)[..., 0], begins, LONGEST, most)[:, :-1]  # a frame says what the next one is
        of_m = nn.functional.pad(gumbel.divergence(logits[:, 1:], prior), (1, 0))
        return log_error(error, pieces.inside, pieces.seen.shape[2]) + mean(of_z + of_s + of_m, pieces.inside)

    def _posterior_z(self, encoded: Tensor, begins: Tensor) -> Gaussian:
        """q(z_t | x, m) were z to begin at each frame: from all frames before it, and those of its segment."""
        stays = torch.cat([1 - begins[:, 1:], torch.zeros_like(begins[:, :1])], 1)  # whether the next frame is of the segment
        ahead = self.ahead(encoded.flip(1), stays.flip(1)).flip(1)
        return self.posterior_z(torch.cat([before(self.past(encoded)[0]), ahead], -1))

    def _segments(self, samples: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """c (B,L,H) and z (B,L,Z) of the segment of each frame, from samples of z were it to begin there."""
        z, context = samples[:, 0], samples.new_zeros(len(samples), HIDDEN)
        zs, contexts = [z], [context]
        for sample, read in zip(samples[:, 1:].unbind(1), begins[:, 1:, None].unbind(1), strict=True):
            context = read * self.context(z, context) + (1 - read) * context
            z = read * sample + (1 - read) * z
            zs.append(z)
            contexts.append(context)
        return torch.stack(contexts, 1), torch.stack(zs, 1)

    def _memories(self, segment: Tensor, s: Tensor, begins: Tensor) -> Tensor:
        """h (B,L,H), which begins with what is known of the segment."""
        inputs, memory = torch.cat([before(s), segment], -1), segment[:, 0]
        memories = [memory]
        for frame, first, read in zip(
            inputs[:, 1:].unbind(1), segment[:, 1:].unbind(1), begins[:, 1:, None].unbind(1), strict=True
        ):
            memory = read * first + (1 - read) * self.memory(frame, memory)
            memories.append(memory)
        return torch.stack(memories, 1)
