"""Two methods on the same tasks: what is compared, and the published comparisons."""

import json

import numpy as np
import pytest
from published import PLANNING
from published import episodes as published_episodes

from keyin_cli.planning.paired import REFERENCE, THRESHOLDS, compare, success_curve


def test_pairing_sees_a_small_difference_between_tasks_that_differ_much() -> None:
    rng = np.random.default_rng(0)
    hardness = rng.uniform(0, 2, 100)
    lines = [{"task": task, "error": float(error), "success": False} for task, error in enumerate(hardness)]
    better = [line | {"error": line["error"] - 0.05 + float(rng.normal(0, 0.02))} for line in lines]
    found = compare(better, lines)
    low, high = found["error_difference_ci95"]
    assert -0.06 < low < found["error_difference"] < high < -0.04
    assert found["mcnemar_p"] == 1.0


def test_only_tasks_on_which_two_methods_differ_count() -> None:
    def lines(successes: str) -> list[dict]:
        return [{"task": task, "error": 0.0, "success": mark == "x"} for task, mark in enumerate(successes)]

    found = compare(lines("xxx.x......"), lines("x...xx....."))
    assert (found["only_this_succeeds"], found["only_keyin_succeeds"]) == (2, 1)
    with pytest.raises(ValueError, match="the same tasks"):
        compare(lines("xx"), lines("xx")[::-1])


def test_a_curve_counts_errors_up_to_each_threshold() -> None:
    curve = success_curve(np.array([0.0, 0.1, 0.2, 0.9, 9.0]))
    rates = dict(zip(curve["threshold"], curve["success_rate"], strict=True))
    assert (rates[0.0], rates[0.1], rates[0.85], rates[1.5]) == (0.2, 0.4, 0.6, 0.8)
    assert len(rates) == len(THRESHOLDS)


@pytest.mark.parametrize("servo", ["cem", "icem"])
def test_published_comparisons_come_out_of_published_episodes_to_the_last_digit(servo: str) -> None:
    reference = published_episodes(servo, REFERENCE)
    rows = json.loads((PLANNING / servo / "plan.json").read_text())["rows"]
    assert sum("against_keyin" in row for row in rows) == len(rows) - 1 > 5
    for row in rows:
        if row["method"] != REFERENCE:
            assert compare(published_episodes(servo, row["method"]), reference) == row["against_keyin"]
