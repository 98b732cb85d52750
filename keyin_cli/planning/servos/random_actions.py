"""The baseline Random: uniform actions, whatever the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keyin_cli.datasets.rng import Integers, stream
from keyin_cli.planning.servos.servo import PURPOSE, Array, Servo, Settings

if TYPE_CHECKING:
    from keyin_cli.planning.dynamics import Dynamics


class RandomActions:
    def __init__(self, settings: Settings, dynamics: Dynamics, seed: int, tasks: Integers) -> None:
        self.seed, self.tasks = seed, tasks

    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        from keyin_cli.datasets.pushing.env import ACTION_SIZE

        numbers = [stream(self.seed, int(task), PURPOSE, step).uniform(-1, 1, ACTION_SIZE) for task in self.tasks[rows]]
        return np.stack(numbers)


SERVO = Servo(name="random", help="uniform actions, whatever the target", order=30, controller=RandomActions, chance=True)
