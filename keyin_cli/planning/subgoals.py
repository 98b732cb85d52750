"""Every way to propose subgoals, behind one signature: tasks (n) -> puck centres (n,K,2), the last of which is the goal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.planning.tasks import Tasks

Subgoals = NDArray[np.floating[Any]]
Proposer = Callable[[Tasks], Subgoals]


def none(tasks: Tasks) -> Subgoals:
    """Straight to the goal."""
    return tasks.scene.goal[:, None]


def oracle(tasks: Tasks) -> Subgoals:
    """The demonstrator's subgoals: what the servo can do when the subgoals are right."""
    return tasks.demonstrated


PROPOSERS: dict[str, Proposer] = {"none": none, "oracle": oracle}
