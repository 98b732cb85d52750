"""How networks that cut sequences into segments are trained: on random pieces of episodes, for a fixed number of steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

HIDDEN = 64  # units of every network here
BATCH, LENGTH, STEPS, RATE = 32, 40, 1200, 3e-3  # LENGTH in frames: twice that of VTA's public code
STEEPEST = 10.0  # norm of the gradient: VTA's
FINEST = 0.01  # deviation of an error, relative to that of features: finer than pixels of 8 bits is not worth saying

Array = NDArray[np.float32]
Arrays = Sequence[tuple[Array, Array]]  # of each episode features (n,F) and actions (n,A)


@dataclass(frozen=True)
class Pieces:
    """A batch of pieces of episodes, zero behind the end of an episode that is shorter than a piece.

    Attributes:
        seen: (B,L,F).
        done: (B,L,A).
        inside: (B,L), 1 for frames of the episode, else 0.
    """

    seen: Tensor
    done: Tensor
    inside: Tensor


class Segmenter(nn.Module, ABC):
    """A network that learns from pieces of episodes."""

    @abstractmethod
    def loss(self, pieces: Pieces, share: float) -> Tensor:
        """What is made least, (), where a share of the training is over, 0 to 1. Its noise is torch's."""


class Beginner(Segmenter):
    """One that says how likely a segment begins at each frame."""

    @abstractmethod
    def chances(self, episode: Pieces) -> NDArray[np.float64]:
        """Of the frames of an episode (B = 1): (n,)."""


Network = TypeVar("Network", bound=Segmenter)


def fit(make: Callable[[], Network], episodes: Arrays, seed: int, advance: Callable[[str], None]) -> Network:
    """Train a network for `STEPS` steps.

    Args:
        make: makes it, with random weights.
        episodes: those that are longer are drawn more often: every piece is as likely.
        seed: of weights, pieces and noise; the generator of torch is left as it was.
        advance: called after every step with the loss.
    """
    rng = np.random.default_rng(seed)
    length = min(LENGTH, int(np.mean([len(seen) for seen, _ in episodes])))  # longer ones would be empty most of the time
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make().train()
        optimiser = torch.optim.Adam(network.parameters(), RATE, amsgrad=True)
        for step in range(STEPS):
            loss = network.loss(drawn(episodes, rng, BATCH, length), step / STEPS)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), STEEPEST)
            optimiser.step()
            advance(f"loss {loss.item():.3f}")
    return network.eval()


def drawn(episodes: Arrays, rng: np.random.Generator, count: int, length: int) -> Pieces:
    """Pieces of so many frames that begin anywhere; an episode that is shorter is a piece by itself."""
    room = np.array([max(len(seen) - length, 0) + 1 for seen, _ in episodes])
    owners = rng.choice(len(episodes), count, p=room / room.sum())
    begins = rng.integers(0, room[owners])
    cut = [[each[begin : begin + length] for each in episodes[owner]] for owner, begin in zip(owners, begins, strict=True)]
    inside = np.stack([np.arange(length) < len(seen) for seen, _ in cut]).astype(np.float32)
    seen, done = (np.stack([_filled(each, length) for each in parts]) for parts in zip(*cut, strict=True))
    return Pieces(torch.from_numpy(seen), torch.from_numpy(done), torch.from_numpy(inside))


def whole(seen: Array, done: Array) -> Pieces:
    """An episode as the only piece of a batch."""
    return Pieces(torch.from_numpy(seen)[None], torch.from_numpy(done)[None], torch.ones(1, len(seen)))


def mean(values: Tensor, inside: Tensor) -> Tensor:
    """The mean () of values (B,L) over frames of episodes."""
    return (values * inside).sum() / inside.sum()


def squared_error(predicted: Tensor, truth: Tensor) -> Tensor:
    """-log of a Gaussian of deviation 1, less what is the same for all predictions: (…,D) -> (…,), in nats."""
    return 0.5 * (predicted - truth).square().sum(-1)


def log_error(errors: Tensor, inside: Tensor, values: int) -> Tensor:
    """-log of a Gaussian of the deviation that suits the batch best, less a constant: (), in nats a frame.

    The variance is the analytic one of σ-VAE (Rybkin, Daniilidis and Levine, 2021). With a deviation of 1 for features of
    deviation 1, there is next to nothing to say of a frame that would make up for a divergence.

    Args:
        errors: (B,L), from `squared_error`.
        inside: (B,L).
        values: that each frame has.
    """
    return 0.5 * values * (2 * mean(errors, inside) / values).clamp(min=FINEST**2).log()


def _filled(values: Array, length: int) -> Array:
    return np.concatenate([values, np.zeros((length - len(values), values.shape[1]), np.float32)])
