"""Episodes (Algorithm 4): reach one subgoal after another, choosing every action anew.

Shapes: n episodes, K subgoals. Positions are puck centres in table units. An episode's random numbers depend on
(seed, task, step) alone, so neither its neighbours nor threads change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.env import Scene, Simulator
from keyin_cli.datasets.rng import Integers
from keyin_cli.planning.dynamics import Dynamics
from keyin_cli.planning.servos.servo import Servo, Settings
from keyin_cli.registry import SERVOS

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Episodes:
    """n executed episodes, standing still after their end.

    `motion` (n,Tmax+1,5): the puck's x and y, the finger's x, y and z. `current` (n,Tmax): which subgoal each action was for.
    `steps` (n,): actions taken.
    """

    motion: NDArray[np.float64]
    current: NDArray[np.int64]
    steps: NDArray[np.int64]

    @property
    def path(self) -> NDArray[np.float64]:
        """The puck's: (n,Tmax+1,2)."""
        return self.motion[..., :2]


def execute(
    settings: Settings,
    dynamics: Dynamics,
    scene: Scene,
    subgoals: Array,
    seed: int,
    tasks: Integers,
    threads: int = 0,
) -> Episodes:
    """Run n episodes side by side.

    Args:
        dynamics: what samples are imagined with.
        scene: n scenes.
        subgoals: (n,K,2), the last is the goal.
        tasks: (n,) numbers of the tasks, for their random numbers.
        threads: of the world's own simulator; 0 for one per core.
    """
    world = Simulator(len(tasks), threads)
    world.reset(scene)
    servo: Servo = SERVOS.get(settings.name)
    controller = servo.controller(settings, dynamics, seed, tasks)
    current, spent = np.zeros(len(tasks), dtype=np.int64), np.zeros(len(tasks), dtype=np.int64)
    steps = np.zeros(len(tasks), dtype=np.int64)
    running = np.arange(len(tasks))
    motion, followed = [_motion(world)], []
    for step in range(settings.steps):
        running = running[np.linalg.norm(world.puck[running] - subgoals[running, -1], axis=1) > settings.reached]
        if len(running):
            state = world.puck[running], subgoals[running], current[running], spent[running]
            current[running], spent[running] = _next(settings, *state)
            targets = subgoals[running, current[running]]
            world.step(controller.act(world.state[running], targets, running, step), running)
            steps[running] += 1
        motion.append(_motion(world))
        followed.append(current.copy())
    return Episodes(np.stack(motion, axis=1), np.stack(followed, axis=1), steps)


def _motion(world: Simulator) -> NDArray[np.float64]:
    return np.concatenate([world.puck, world.finger], axis=1)


def _next(settings: Settings, puck: Array, subgoals: Array, current: Integers, spent: Integers) -> tuple[Integers, Integers]:
    """Which subgoal to go for (n,), the next one once it is reached or was tried for Ts_max steps, and for how long (n,)."""
    to_current = np.take_along_axis(subgoals, current[:, None, None], 1)[:, 0] - puck
    over = (np.linalg.norm(to_current, axis=1) <= settings.reached) | (spent >= settings.subgoal_steps)
    over &= current < subgoals.shape[1] - 1
    return current + over, np.where(over, 0, spent) + 1
