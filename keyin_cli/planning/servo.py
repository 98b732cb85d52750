"""The low-level planner (Algorithm 4, Table 3): reach one subgoal after another, replanning every action with CEM.

Shapes: n episodes, K subgoals, M samples of l actions. Positions are puck centres in table units. An episode's random numbers
depend on (seed, task, step) alone, so neither its neighbours nor threads change it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.data.draws import Integers, stream
from keyin_cli.data.pushing.env import ACTION_SIZE, Scene, Simulator
from keyin_cli.data.pushing.geometry import PUCK_RADIUS
from keyin_cli.planning import cem
from keyin_cli.planning.dynamics import Dynamics

Array = NDArray[np.floating[Any]]
SERVO = 3  # purpose of its random numbers, see data/pushing/sequences.py


@dataclass(frozen=True)
class Servo:
    """The paper's CEM (Table 3). `reached` is ours: the paper prints no threshold."""

    name: str = "cem"
    steps: int = 60  # Tmax
    subgoal_steps: int = 10  # Ts_max
    horizon: int = 8  # l
    samples: int = 200  # M
    elite_fraction: float = 0.05  # r
    iterations: int = 3  # each samples, keeps elites and refits
    reached: float = PUCK_RADIUS  # from the puck to a subgoal, to take the next one, or to the goal, to stop


@dataclass(frozen=True)
class Episodes:
    """n executed episodes: `path` (n,Tmax+1,2), the puck's, standing still after the end; `steps` (n,), actions taken."""

    path: NDArray[np.float64]
    steps: NDArray[np.int64]


def execute(
    servo: Servo,
    dynamics: Dynamics,
    scene: Scene,
    subgoals: Array,
    seed: int,
    tasks: Integers,
    threads: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> Episodes:
    """Run n episodes side by side.

    Args:
        dynamics: what samples are imagined with.
        scene: n scenes.
        subgoals: (n,K,2), the last is the goal.
        tasks: (n,) numbers of the tasks, for their random numbers.
        threads: of the world's own simulator; 0 for one per core.
        advance: told how many actions have been taken, or will not be because an episode ended early.
    """
    world = Simulator(len(tasks), threads)
    world.reset(scene)
    current, spent = np.zeros(len(tasks), dtype=np.int64), np.zeros(len(tasks), dtype=np.int64)
    steps = np.zeros(len(tasks), dtype=np.int64)
    running = np.arange(len(tasks))
    path = [world.puck.copy()]
    for step in range(servo.steps):
        short = np.linalg.norm(world.puck[running] - subgoals[running, -1], axis=1) > servo.reached
        advance(int(len(running) - short.sum()) * (servo.steps - step))
        running = running[short]
        if len(running):
            state = world.puck[running], subgoals[running], current[running], spent[running]
            current[running], spent[running] = _next(servo, *state)
            targets = subgoals[running, current[running]]
            world.step(_plan(servo, dynamics, world.state[running], targets, seed, tasks[running], step), running)
            steps[running] += 1
            advance(len(running))
        path.append(world.puck.copy())
    return Episodes(np.stack(path, axis=1), steps)


def _next(servo: Servo, puck: Array, subgoals: Array, current: Integers, spent: Integers) -> tuple[Integers, Integers]:
    """Which subgoal to go for (n,), the next one once it is reached or was tried for Ts_max steps, and for how long (n,)."""
    to_current = np.take_along_axis(subgoals, current[:, None, None], 1)[:, 0] - puck
    over = (np.linalg.norm(to_current, axis=1) <= servo.reached) | (spent >= servo.subgoal_steps)
    over &= current < subgoals.shape[1] - 1
    return current + over, np.where(over, 0, spent) + 1


def _plan(servo: Servo, dynamics: Dynamics, states: Array, targets: Array, seed: int, tasks: Integers, step: int) -> Array:
    """The first action (n,3) of the best sequence: cost is the distance of the puck from the target (n,2) after the last."""
    shape = (servo.iterations, servo.samples, servo.horizon, ACTION_SIZE)
    noise = np.stack([stream(seed, int(task), SERVO, step).standard_normal(shape) for task in tasks], axis=1)

    def cost(actions: Array) -> Array:
        return np.linalg.norm(dynamics(states, actions) - targets[:, None], axis=-1)

    best: Array = cem.minimise(cost, noise, elites=max(1, round(servo.elite_fraction * servo.samples)))[:, 0]
    return best
