"""Demonstrations as sequences of a dataset: simulate until one succeeds, keep every second frame, draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing import demonstrator, env, scenes
from keyin_cli.datasets.pushing.demonstrator import SKIP, Route
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.datasets.pushing.records import concatenate, take
from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.rng import Integers, Purpose, splits, uniform
from keyin_cli.errors import InputError

REACHED = PUCK_RADIUS / 2  # a demonstration succeeds when the puck ends this near to the goal
ATTEMPTS = 50
DATA = Purpose.DATA


@dataclass(frozen=True)
class Demonstrations:
    """n successful demonstrations of T saved frames and K pushes.

    `scene` (n); `subgoals` (n,K,2) float64; `ends` (n,K), the saved frames at which pushes are over; `states` (n,T,10) float32,
    see `env.Simulator.motion`; `actions` (n,T-1,3) float32, the mean of each pair; `attempts` (n,) uint8, how many were made
    until it succeeded; `split` (n,) uint8.
    """

    scene: env.Scene
    subgoals: NDArray[np.floating[Any]]
    ends: NDArray[np.int64]
    states: NDArray[np.float32]
    actions: NDArray[np.float32]
    attempts: NDArray[np.uint8]
    split: NDArray[np.uint8]


def arrays(data: PushingData, indices: Integers) -> dict[str, NDArray[Any]]:
    """Every array of the dataset for the sequences `indices`.

    Raises:
        InputError: no OpenGL back end works, or the pushes are too few or too short to reach a goal.
    """
    from keyin_cli.datasets.pushing.render import shared

    renderer = shared(data.size)
    demos = demonstrate(data, indices)
    n, frames = demos.states.shape[:2]
    walls = np.repeat(demos.scene.wall, frames, axis=0)
    at_goal = np.concatenate([demos.scene.goal, demos.states[:, 0, 2:]], axis=1)
    return {
        "frames": renderer.frames(demos.states.reshape(n * frames, -1), walls).reshape(n, frames, *data.image),
        "keyframes": (demos.ends[:, :, None] == np.arange(frames)).any(axis=1),
        "split": demos.split,
        "states": demos.states,
        "actions": demos.actions,
        "wall": demos.scene.wall.astype(np.float32),
        "goal": demos.scene.goal.astype(np.float32),
        "goal_image": renderer.frames(at_goal, demos.scene.wall),
        "subgoals": demos.subgoals.astype(np.float32),
        "attempts": demos.attempts,
    }


def demonstrate(
    data: PushingData, indices: Integers, purpose: Purpose = DATA, threads: int = 1, like: env.Scene | None = None
) -> Demonstrations:
    """Demonstrations `indices`; each is a function of (seed, index, purpose) alone.

    Args:
        data: seed, pushes and frames.
        indices: (n,).
        purpose: of the random numbers.
        threads: of the simulator; 0 for one per core.
        like: one scene whose wall and start all demonstrations have; goals differ.

    Raises:
        InputError: one did not succeed in ATTEMPTS attempts.
    """
    found: dict[int, Demonstrations] = {}  # by position in `indices`
    waiting = np.arange(len(indices))
    for attempt in range(ATTEMPTS):
        numbers = uniform(data.seed, indices[waiting], 1 + scenes.NUMBERS + demonstrator.numbers(data.pushes), purpose, attempt)
        split, for_scene, for_route = np.split(numbers, [1, 1 + scenes.NUMBERS], axis=1)
        scene = scenes.sample(for_scene) if like is None else scenes.sample_goals(like, for_scene)
        route = demonstrator.plan(scene, for_route, data.pushes, data.push_frames, data.frames - 1)
        possible = np.flatnonzero(route.feasible)
        if not len(possible):
            continue
        scene, route = take(scene, possible), take(route, possible)
        states, actions = perform(scene, route, data.frames, threads)
        attempts, chosen = np.full(len(possible), attempt + 1, np.uint8), splits(data.split, split[possible, 0])
        made = Demonstrations(scene, route.subgoals, route.ends, states, actions, attempts, chosen)
        reached = np.linalg.norm(states[:, -1, :2] - scene.goal, axis=1) <= REACHED
        found |= {int(waiting[possible[place]]): take(made, np.array([place])) for place in np.flatnonzero(reached)}
        waiting = np.array([place for place in range(len(indices)) if place not in found], dtype=np.int64)
        if not len(waiting):
            return concatenate([found[place] for place in range(len(indices))])
    raise InputError(f"a demonstration missed its goal in {ATTEMPTS} attempts: give pushes more frames, or give more pushes")


def perform(scene: env.Scene, route: Route, frames: int, threads: int = 1) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Let the rule follow routes: saved states (n,frames,10) and the mean actions between them (n,frames-1,3), float32."""
    simulator = env.Simulator(len(scene.wall), threads)
    simulator.reset(scene)
    states, actions = [simulator.motion], []
    for step in range(SKIP * (frames - 1)):
        actions.append(demonstrator.action(route, step, simulator.puck, simulator.finger))
        simulator.step(actions[-1])
        if (step + 1) % SKIP == 0:
            states.append(simulator.motion)
    taken = np.stack(actions, axis=1).reshape(len(scene.wall), frames - 1, SKIP, env.ACTION_SIZE)
    return np.stack(states, axis=1), taken.mean(axis=2).astype(np.float32)
