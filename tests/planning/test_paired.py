"""Paired statistics against known values."""

import numpy as np
import pytest

from keyin_cli.planning.paired import THRESHOLDS, against, mcnemar, paired_interval, success_curve


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (9, 1, 0.021484375), (5, 15, 0.041389), (120, 0, 2**-119)],
)
def test_mcnemar_against_the_binomial_distribution(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p, rel=1e-4)


def test_the_paired_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = [low <= 0.3 <= high for low, high in (paired_interval(rng.normal(0.3, 1, 60)) for _ in range(150))]
    assert 0.88 <= np.mean(covered) <= 0.99


def test_pairing_sees_a_small_difference_between_tasks_that_differ_much() -> None:
    rng = np.random.default_rng(0)
    hardness = rng.uniform(0, 2, 100)
    lines = [{"task": task, "error": float(error), "success": False} for task, error in enumerate(hardness)]
    better = [line | {"error": line["error"] - 0.05 + float(rng.normal(0, 0.02))} for line in lines]
    found = against(better, lines)
    low, high = found["error_difference_ci95"]
    assert -0.06 < low < found["error_difference"] < high < -0.04
    assert found["mcnemar_p"] == 1.0


def test_only_tasks_on_which_two_methods_differ_count() -> None:
    def lines(successes: str) -> list[dict]:
        return [{"task": task, "error": 0.0, "success": mark == "x"} for task, mark in enumerate(successes)]

    found = against(lines("xxx.x......"), lines("x...xxx...."))
    assert (found["only_this_succeeds"], found["only_keyin_succeeds"]) == (2, 2)
    with pytest.raises(AssertionError):
        against(lines("xx"), lines("xx")[::-1])


def test_a_curve_counts_errors_up_to_each_threshold() -> None:
    curve = success_curve(np.array([0.0, 0.1, 0.2, 0.9, 9.0]))
    rates = dict(zip(curve["threshold"], curve["success_rate"], strict=True))
    assert (rates[0.0], rates[0.1], rates[0.85], rates[1.5]) == (0.2, 0.4, 0.6, 0.8)
    assert len(rates) == len(THRESHOLDS)
