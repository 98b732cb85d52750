"""Scores: intervals against known values, and rows that add up."""

import numpy as np
import pytest

from keyin_cli.planning.metrics import SUCCESS, remaining, table_row, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (77, 120, 0.5527, 0.7220)],
)
def test_wilson_against_tables(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-4)


def test_success_is_one_puck_diameter() -> None:
    assert pytest.approx(0.2) == SUCCESS


def test_behind_the_wall_is_farther_than_it_looks() -> None:
    wall = np.zeros((1, 2))
    puck, goal = np.array([[0.0, -0.15]]), np.array([[0.0, 0.15]])
    assert remaining(puck, goal, wall)[0] > 1.0
    assert remaining(goal, goal, wall)[0] == 0


def test_a_row_adds_up() -> None:
    episodes = [
        {"success": True, "error": 0.1, "initial": 1.0, "steps": 20, "seconds": 1.0},
        {"success": False, "error": 0.5, "initial": 2.0, "steps": 60, "seconds": 3.0},
    ]
    row = table_row("none", "cem", episodes)
    assert row["success_rate"] == 0.5
    assert row["error_mean"] == pytest.approx(0.3)
    assert row["error_std"] == pytest.approx(0.2)
    assert row["error_over_initial"] == pytest.approx(0.2)
    assert row["steps_mean"] == 40
    assert row["seconds_per_episode"] == 2.0
    assert row["success_ci95"] == list(wilson(1, 2))
