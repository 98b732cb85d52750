"""The paper's servo (Algorithm 4, Table 3): at every step CEM from a fresh Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from keyin_cli.datasets.rng import Integers, stream
from keyin_cli.planning import cem
from keyin_cli.planning.servos.servo import PURPOSE, Array, Servo, Settings

if TYPE_CHECKING:
    from keyin_cli.planning.dynamics import Dynamics


class Cem:
    """The first action of the best sequence of CEM's last iteration."""

    def __init__(self, settings: Settings, dynamics: Dynamics, seed: int, tasks: Integers) -> None:
        self.settings, self.dynamics, self.seed, self.tasks = settings, dynamics, seed, tasks

    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        best: Array = cem.minimise(self.cost(states, targets), self.noise(rows, step), self.settings.elites)[:, 0]
        return best

    def cost(self, states: Array, targets: Array) -> Callable[[Array], Array]:
        """Distance of the puck from the target after a sequence: (n,M,l,3) -> (n,M). An unseen puck is infinitely far."""

        def cost(actions: Array) -> Array:
            distance = np.linalg.norm(self.dynamics(states, actions) - targets[:, None], axis=-1)
            return np.where(np.isnan(distance), np.inf, distance)

        return cost

    def noise(self, rows: Integers, step: int) -> Array:
        """Standard normal numbers (iterations,n,M,l,3), a function of seed, task and step."""
        from keyin_cli.datasets.pushing.env import ACTION_SIZE

        settings = self.settings
        shape = (settings.iterations, settings.samples, settings.horizon, ACTION_SIZE)
        numbers = [stream(self.seed, int(task), PURPOSE, step).standard_normal(shape) for task in self.tasks[rows]]
        return np.stack(numbers, axis=1)


SERVO = Servo(name="cem", help="the paper's CEM, from a fresh Gaussian at every step", order=10, controller=Cem)
