"""The row Initial: no motion at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keyin_cli.datasets.rng import Integers
from keyin_cli.planning.servos.servo import Array, Servo, Settings

if TYPE_CHECKING:
    from keyin_cli.planning.dynamics import Dynamics


class Still:
    def __init__(self, settings: Settings, dynamics: Dynamics, seed: int, tasks: Integers) -> None:
        pass

    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        from keyin_cli.datasets.pushing.env import ACTION_SIZE

        return np.zeros((len(states), ACTION_SIZE))


SERVO = Servo(name="still", help="no motion at all", order=40, controller=Still, chance=True)
