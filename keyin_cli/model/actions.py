"""A small network that predicts the next action from the frames since a boundary, for the method `sbd`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

HIDDEN = 64
BATCH, LENGTH, STEPS, RATE = 32, 32, 600, 3e-3
CHECKED = 50  # every so many steps, on episodes that are held out
BLOCK = 64  # beginnings at once
SHARPEST = -4.0  # log deviation, below which no action is predicted: an action that never varies would be worth everything


class ActionPredictor(nn.Module):
    """Features (B,L,F) -> the mean of the actions (B,L,A), by a recurrent network whose memory is empty at the first frame. The
    deviation of each of the A values is the same for all frames, and is learned."""

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        self.memory = nn.GRU(features, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, actions)
        self.spread = nn.Parameter(torch.zeros(actions))

    def nats(self, features: Tensor, actions: Tensor) -> Tensor:
        """-log π(a_t | frames since the first): (B,L)."""
        spread = self.spread.clamp(min=SHARPEST)
        away = (actions - self.head(self.memory(features)[0])) / spread.exp()
        return (0.5 * away.square() + spread + 0.5 * math.log(2 * math.pi)).sum(-1)


Arrays = Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]  # of each episode features (n,F) and actions (n,A)


def fit(learned: Arrays, held_out: Arrays, seed: int, advance: Callable[[], None]) -> ActionPredictor:
    """Train on random pieces of `LENGTH` frames, so that the network knows what it is to begin anywhere, and keep the weights
    that predict episodes best which were not learned: demonstrations are few, and soon known by heart. Episodes that are shorter
    than that are a piece as they are, so that one of them does not make all pieces short.

    Args:
        learned: actions standardised.
        held_out: likewise.
        seed: of the network and of the pieces; the generator of torch is left as it was.
        advance: called after every step.
    """
    rng = np.random.default_rng(seed)
    counts = np.array([len(seen) for seen, _ in learned])
    length = min(LENGTH, int(counts.max()))
    room = np.maximum(counts - length + 1, 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ActionPredictor(learned[0][0].shape[1], learned[0][1].shape[1])
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    best, weights = math.inf, network.state_dict()
    for step in range(1, STEPS + 1):
        owners = rng.choice(len(learned), BATCH, p=room / room.sum())
        begins = rng.integers(0, room[owners])
        pieces = [[_piece(each, begin, length) for each in learned[i]] for i, begin in zip(owners, begins, strict=True)]
        seen, done = (torch.from_numpy(np.stack(each)) for each in zip(*pieces, strict=True))
        there = begins[:, None] + np.arange(length) < counts[owners, None]
        loss = network.nats(seen, done)[torch.from_numpy(there)].mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if step % CHECKED == 0 and (mean := _mean(network, held_out, length)) < best:
            best, weights = mean, {name: value.clone() for name, value in network.state_dict().items()}
        advance()
    network.load_state_dict(weights)
    return network.eval()


def _piece(values: NDArray[np.float32], begin: int, length: int) -> NDArray[np.float32]:
    """So many rows from `begin` on, zeros where there are no more: they come last, and the network looks at none that follows."""
    some = values[begin : begin + length]
    return np.pad(some, ((0, length - len(some)), (0, 0)))


def _mean(network: ActionPredictor, episodes: Arrays, length: int) -> float:
    """What an action of a piece of so many frames costs on average."""
    costs = [nats_from_everywhere(network, seen, done, length) for seen, done in episodes]
    return float(np.nanmean(np.concatenate(costs)))


@torch.no_grad()
def nats_from_everywhere(
    network: ActionPredictor, features: NDArray[np.float32], actions: NDArray[np.float32], longest: int
) -> NDArray[np.float32]:
    """What each action of an episode costs after the memory was emptied at each frame: (n,longest).

    Entry [b,l] is that of the action of frame b+l when frame b was the first; not a number behind the end.

    Args:
        features: (n,F).
        actions: (n,A).
        longest: frames.
    """
    n = len(features)
    padded = [np.concatenate([each, np.zeros((longest, each.shape[1]), np.float32)]) for each in (features, actions)]
    found = np.full((n, longest), np.nan, np.float32)
    for begin in range(0, n, BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, n))[:, None] + np.arange(longest)
        found[begin : begin + BLOCK] = network.nats(*(torch.from_numpy(each[rows]) for each in padded)).numpy()
    found[np.arange(n)[:, None] + np.arange(longest) >= n] = np.nan
    return found
