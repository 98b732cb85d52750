"""Scenes: where the wall stands, where the puck starts and where it is to go."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.env import Scene

WALL = np.array([0.15, 0.1])  # its centre is at most this far from the table's
ASIDE = 0.35  # start and goal are at most this far along the wall from its centre …
ACROSS = (0.28, 0.52)  # … and this far from it, on opposite sides
NUMBERS = 6


def sample(uniform: NDArray[np.floating[Any]]) -> Scene:
    """Scenes (n) from uniform numbers (n,NUMBERS): the start is on the near side of the wall, the goal on the far side."""
    wall = WALL * (2 * uniform[:, :2] - 1)
    aside = ASIDE * (2 * uniform[:, 2:4] - 1)
    across = ACROSS[0] + (ACROSS[1] - ACROSS[0]) * uniform[:, 4:6]
    start = wall + np.stack([aside[:, 0], -across[:, 0]], axis=1)
    goal = wall + np.stack([aside[:, 1], across[:, 1]], axis=1)
    return Scene(wall, start, goal)


def sample_goals(like: Scene, uniform: NDArray[np.floating[Any]]) -> Scene:
    """Scenes (n) with the wall and start of one scene (1) and goals from uniform numbers (n,NUMBERS)."""
    sampled = sample(uniform)
    wall, start = np.broadcast_to(like.wall, sampled.wall.shape), np.broadcast_to(like.start, sampled.start.shape)
    return Scene(wall, start, wall + sampled.goal - sampled.wall)
