"""What a servo is given and what it does. A new one is one file in this folder that assigns `SERVO`.

Shapes: n episodes, M samples of l actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.datasets.rng import Integers, Purpose
from keyin_cli.planning import cem
from keyin_cli.registry import LAST

if TYPE_CHECKING:
    from keyin_cli.planning.dynamics import Dynamics

Array = NDArray[np.floating[Any]]
PURPOSE = Purpose.SERVO


@dataclass(frozen=True)
class Settings(cem.Settings):
    """The low-level planner: by default the paper's CEM (Table 3). `reached` is ours: the paper prints no threshold.

    `name` is one of `registry.SERVOS`; `cost` says how the puck is found in what is imagined, see `dynamics.DYNAMICS`.
    """

    name: str = "cem"
    cost: str = "state"
    steps: int = 60  # Tmax
    subgoal_steps: int = 10  # Ts_max
    horizon: int = 8  # l
    reached: float = PUCK_RADIUS  # from the puck to a subgoal, to take the next one, or to the goal, to stop


class Controller(Protocol):
    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        """Actions (n,3) towards targets (n,2) in the states (n,S) of the episodes `rows` (n,)."""
        ...


@dataclass(frozen=True)
class Servo:
    """A servo: its name and help line, and what makes its controller from settings, dynamics, seed and task numbers (n,).

    `chance`: it ignores targets and dynamics, so no command offers it: a method has it as its own.
    """

    name: str
    help: str
    controller: Callable[[Settings, Dynamics, int, Integers], Controller]
    order: int = LAST
    chance: bool = False
