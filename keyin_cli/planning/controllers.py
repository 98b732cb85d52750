"""What chooses the next action of every episode, behind one signature. `CONTROLLERS` has them by the name of a servo.

Shapes: n episodes, M samples of l actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.env import ACTION_SIZE
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.datasets.rng import Integers, stream
from keyin_cli.planning import cem, icem
from keyin_cli.planning.dynamics import Dynamics

Array = NDArray[np.floating[Any]]
SERVO = 3  # purpose of its random numbers, see data/pushing/sequences.py


@dataclass(frozen=True)
class Servo:
    """The low-level planner: by default the paper's CEM (Table 3). `reached` is ours: the paper prints no threshold.

    `name` is one of `CONTROLLERS`; `cost` says how the puck is found in what is imagined, see `dynamics.DYNAMICS`.
    """

    name: str = "cem"
    cost: str = "state"
    steps: int = 60  # Tmax
    subgoal_steps: int = 10  # Ts_max
    horizon: int = 8  # l
    samples: int = 200  # M
    elite_fraction: float = 0.05  # r
    iterations: int = 3  # each samples, keeps elites and refits
    reached: float = PUCK_RADIUS  # from the puck to a subgoal, to take the next one, or to the goal, to stop


class Controller(Protocol):
    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        """Actions (n,3) towards targets (n,2) in the states (n,S) of the episodes `rows` (n,)."""
        ...


class Cem:
    """The paper's: at every step a fresh Gaussian, the first action of the best sequence of its last iteration."""

    def __init__(self, servo: Servo, dynamics: Dynamics, seed: int, tasks: Integers) -> None:
        self.servo, self.dynamics, self.seed, self.tasks = servo, dynamics, seed, tasks
        self.elites = max(1, round(servo.elite_fraction * servo.samples))

    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        best: Array = cem.minimise(self.cost(states, targets), self.noise(rows, step), self.elites)[:, 0]
        return best

    def cost(self, states: Array, targets: Array) -> Callable[[Array], Array]:
        """Distance of the puck from the target after a sequence: (n,M,l,3) -> (n,M). An unseen puck is infinitely far."""

        def cost(actions: Array) -> Array:
            distance = np.linalg.norm(self.dynamics(states, actions) - targets[:, None], axis=-1)
            return np.where(np.isnan(distance), np.inf, distance)

        return cost

    def noise(self, rows: Integers, step: int) -> Array:
        """Standard normal numbers (iterations,n,M,l,3), a function of seed, task and step."""
        servo = self.servo
        shape = (servo.iterations, servo.samples, servo.horizon, ACTION_SIZE)
        draws = [stream(self.seed, int(task), SERVO, step).standard_normal(shape) for task in self.tasks[rows]]
        return np.stack(draws, axis=1)


class Icem(Cem):
    """iCEM: coloured noise, elites kept and carried on, the best sequence that was tried."""

    def __init__(self, servo: Servo, dynamics: Dynamics, seed: int, tasks: Integers) -> None:
        super().__init__(servo, dynamics, seed, tasks)
        self._mean = np.zeros((len(tasks), servo.horizon, ACTION_SIZE))
        self._elites: Array | None = None  # (tasks,k,l,3) once the first step was planned

    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        carried = icem.nothing(len(rows), self.servo.horizon, ACTION_SIZE)
        if self._elites is not None:
            carried = icem.Carried(self._mean[rows], self._elites[rows])
        best, carried = icem.improve(self.cost(states, targets), self.noise(rows, step), self.elites, carried)
        if self._elites is None:
            self._elites = np.zeros((len(self.tasks), *carried.elites.shape[1:]))
        self._mean[rows], self._elites[rows] = carried.mean, carried.elites
        return best[:, 0]


class RandomActions:
    """The baseline Random: uniform actions, whatever the target."""

    def __init__(self, servo: Servo, dynamics: Dynamics, seed: int, tasks: Integers) -> None:
        self.seed, self.tasks = seed, tasks

    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        draws = [stream(self.seed, int(task), SERVO, step).uniform(-1, 1, ACTION_SIZE) for task in self.tasks[rows]]
        return np.stack(draws)


CONTROLLERS: dict[str, Callable[[Servo, Dynamics, int, Integers], Controller]] = {
    "cem": Cem,
    "icem": Icem,
    "random": RandomActions,
}
