"""Shares of sampled paths."""

import numpy as np
import pytest

from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, WALL_HALF
from keyin_cli.discovery.paths import row

WALL = np.array([0.1, -0.05])


def around(side: float) -> np.ndarray:
    """A path (5,2) past one end of the wall (-1 left, 1 right), far from it."""
    return WALL + np.array([[0, -0.5], [side * 0.9, -0.3], [side * 0.9, 0.3], [side * 0.4, 0.5], [0, 0.5]])


def test_shares_of_paths() -> None:
    through = WALL + np.array([[0, -0.5], [0, -0.2], [0, 0], [0, 0.1], [0, 0.5]])
    back = WALL + np.array([[0, -0.5], [0.6, -0.3], [0.2, -0.4], [0.1, -0.4], [0, -0.5]])
    unseen = around(-1)
    unseen[3] = np.nan
    touching = around(1)
    touching[1] = WALL + np.array([WALL_HALF[0] + 0.7 * PUCK_RADIUS, 0])
    found = row("some", np.stack([around(-1), unseen, around(1), touching, through, back]), np.tile(WALL, (6, 1)))
    counted = {"left": 2 / 6, "right": 3 / 6, "inside_wall": 1 / 29, "overlapping_wall": 3 / 29, "unseen": 1 / 30}
    assert found == {"method": "some", "n": 6, **{name: pytest.approx(share) for name, share in counted.items()}}
