"""Policies of studies/cloning.py: what a network is to predict, how it learns that, and the controller that goes to waypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from cloning_world import EFFECTOR, OPENING, YAW, Act, World
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

HIDDEN = (256, 256)
BATCH, RATE = 128, 1e-3
CHECKED = 250  # updates between two looks at the validation loss
REACH = 0.95  # of the demonstrations' commands, how many are as long as the controller's longest, or shorter


def next_waypoints(keyframes: Sequence[int] | NDArray[np.integer], last: int) -> NDArray[np.int64]:
    """The waypoint of every step before the last: the next keyframe behind it (AWE; Shi et al., 2023, section 3.3).

    Args:
        keyframes: steps, increasing, all of them from 1 to last - 1.
        last: the step that closes the episode, a waypoint too.

    Returns:
        (last,) int64: of step t the first waypoint at t + 1 or later. A keyframe is never its own waypoint.
    """
    waypoints = np.append(np.asarray(keyframes, np.int64), last)
    return waypoints[np.searchsorted(waypoints, np.arange(last), side="right")]


def chunks(values: Floats, length: int) -> NDArray[np.float32]:
    """At each of S steps the values (S,A) there and behind, of `length` steps, the last repeated behind the end: (S,length*A)."""
    at = np.minimum(np.arange(len(values))[:, None] + np.arange(length), len(values) - 1)
    return values[at].reshape(len(values), -1).astype(np.float32)


def poses(states: Floats) -> NDArray[np.float32]:
    """What of states (…,19) is a waypoint (…,6): the hand's place in m, cosine and sine of its yaw, the gripper's opening."""
    return np.concatenate([states[..., part] for part in (EFFECTOR, YAW, OPENING)], axis=-1).astype(np.float32)


def commands(states: Floats, actions: Floats, span: Floats) -> NDArray[np.float32]:
    """Where actions (S,5) tell the hand to be that has the states (S,19), as absolute poses (S,6). The arm lags behind them.

    Args:
        span: (5,), what an action of 1 means.
    """
    pose, moved = poses(states).astype(np.float64), actions * span
    yaw = np.arctan2(pose[:, 4], pose[:, 3]) + moved[:, 3]
    told = np.stack([np.cos(yaw), np.sin(yaw), pose[:, 5] + moved[:, 4]], axis=1)
    return np.concatenate([pose[:, :3] + moved[:, :3], told], axis=1).astype(np.float32)


def reach(actions: Sequence[Floats], span: Floats) -> float:
    """How far the controller's commands go at most, in m: as far as those of demonstrations do in `REACH` of their steps.

    Args:
        actions: (S,5) of each demonstration.
        span: (5,), what an action of 1 means.
    """
    return float(np.quantile(np.linalg.norm(np.concatenate(actions)[:, :3] * span[:3], axis=1), REACH))


def towards(pose: Floats, waypoint: Floats, longest: float, span: Floats) -> NDArray[np.float64]:
    """The action that goes from a pose to a waypoint, both as `poses` has them: straight, the shorter way around.

    Args:
        longest: m, of the command.
        span: (5,), what an action of 1 means in m, rad and openings.

    Returns:
        (5,) float64 in [-1, 1].
    """
    way = np.asarray(waypoint[:3], np.float64) - pose[:3]
    way *= min(1.0, longest / max(float(np.linalg.norm(way)), 1e-9))
    cos, sin, other_cos, other_sin = (float(each) for each in (*pose[3:5], *waypoint[3:5]))
    turn = np.arctan2(cos * other_sin - sin * other_cos, cos * other_cos + sin * other_sin)
    return np.clip(np.array([*way, turn, waypoint[5] - pose[5]]) / span, -1, 1)


@dataclass(frozen=True)
class Network:
    """A perceptron between standardised numbers, in NumPy: a call of torch takes longer than so few products."""

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    given: tuple[NDArray[np.float32], NDArray[np.float32]]  # mean and deviation of what is seen
    wanted: tuple[NDArray[np.float32], NDArray[np.float32]]  # and of what is predicted

    def __call__(self, seen: Floats) -> NDArray[np.float32]:
        """Of what is seen (…,I) what is predicted (…,O)."""
        values = (seen - self.given[0]) / self.given[1]
        for number, (weight, bias) in enumerate(self.layers):
            values = values @ weight + bias
            if number < len(self.layers) - 1:
                values = np.maximum(values, 0)
        return np.asarray(values * self.wanted[1] + self.wanted[0], np.float32)


@dataclass(frozen=True)
class Learned:
    """A network at its lowest validation loss, which was after so many updates."""

    network: Network
    loss: float
    updates: int


def learn(learning: tuple[Floats, Floats], validation: tuple[Floats, Floats], updates: int, seed: int) -> Learned:
    """Train a perceptron by the mean absolute error of standardised numbers (the loss of ACT, with which AWE was measured), with
    Adam and a rate that falls to 0 as a cosine; of its states the one with the lowest validation loss is taken.

    Args:
        learning, validation: what is seen (S,I) and what is to be predicted (S,O).
        seed: of first weights and batches.
    """
    import torch
    from torch import nn

    given, wanted = (_scales(each) for each in learning)
    seen, targets = (_scaled(each, scales) for each, scales in zip(learning, (given, wanted), strict=True))
    held, truth = (_scaled(each, scales) for each, scales in zip(validation, (given, wanted), strict=True))
    numbers = torch.Generator().manual_seed(seed)
    sizes = (seen.shape[1], *HIDDEN, targets.shape[1])
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        linear = [nn.Linear(size, following) for size, following in pairwise(sizes)]
    model = nn.Sequential(*[part for each in linear[:-1] for part in (each, nn.ReLU())], linear[-1])
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    best: Learned | None = None
    for update in range(1, updates + 1):
        batch = torch.randint(len(seen), (BATCH,), generator=numbers)
        loss = (model(seen[batch]) - targets[batch]).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if update % CHECKED == 0 or update == updates:
            with torch.no_grad():
                value = float((model(held) - truth).abs().mean())
            if best is None or value < best.loss:
                layers = tuple((each.weight.detach().T.numpy().copy(), each.bias.detach().numpy().copy()) for each in linear)
                best = Learned(Network(layers, given, wanted), value, update)
    assert best is not None
    return best


def acting(world: World, network: Network, ahead: int) -> Act:
    """A policy whose network predicts so many actions: it does them all, then looks again."""
    left: list[NDArray[np.float32]] = []

    def act(info: dict[str, Any], told: int) -> Floats:
        if not left:
            left.extend(network(world.seen(info, told)).reshape(ahead, -1))
        return np.clip(left.pop(0), -1, 1)

    return act


def going(world: World, network: Network, ahead: int, longest: float) -> Act:
    """A policy whose network predicts the waypoints of so many steps, each the next one then: a controller goes to each for a
    step, then the policy looks again."""
    left: list[NDArray[np.float32]] = []

    def act(info: dict[str, Any], told: int) -> Floats:
        if not left:
            left.extend(network(world.seen(info, told)).reshape(ahead, -1))
        return towards(poses(world.feel(info)), left.pop(0), longest, world.span)

    return act


def _scales(values: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of each column; what never changes is not divided."""
    deviation = values.std(0, dtype=np.float64)
    return values.mean(0, dtype=np.float64).astype(np.float32), np.where(deviation > 1e-6, deviation, 1).astype(np.float32)


def _scaled(values: Floats, scales: tuple[NDArray[np.float32], NDArray[np.float32]]) -> Any:
    import torch

    return torch.from_numpy(((values - scales[0]) / scales[1]).astype(np.float32))
