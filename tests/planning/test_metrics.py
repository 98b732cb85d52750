"""Scores: rows that add up, and those that are published."""

import json

import numpy as np
import pytest
from published import PLANNING
from published import episodes as published_episodes

from keyin_cli.planning.metrics import SUCCESS, remaining, table_row
from keyin_cli.statistics import wilson


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
    assert "copies_goal" not in row
    copied = table_row("tap", "cem", [episodes[0] | {"copies_goal": True}, episodes[1] | {"copies_goal": False}])
    assert copied["copies_goal"] == 0.5


@pytest.mark.parametrize("servo", ["cem", "icem"])
def test_published_rows_come_out_of_published_episodes_to_the_last_digit(servo: str) -> None:
    for published in json.loads((PLANNING / servo / "plan.json").read_text())["rows"]:
        row = table_row(published["method"], published["servo"], published_episodes(servo, published["method"]))
        assert row == {key: value for key, value in published.items() if key != "against_keyin"}
