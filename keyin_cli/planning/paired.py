"""Comparing two methods on the same tasks: errors and successes in pairs, success curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.statistics import interval_of_mean, mcnemar

REFERENCE = "keyin"  # the method that others are compared with
RESAMPLES = 10_000
THRESHOLDS = np.linspace(0, 1.5, 31)  # of a success curve, table units of shortest path left

Array = NDArray[np.floating[Any]]
Lines = Sequence[dict[str, Any]]


def compare(lines: Lines, reference: Lines) -> dict[str, Any]:
    """Compare a method with the reference on the same tasks.

    Args:
        lines, reference: those of `episodes.jsonl` of either, in the order of the tasks.

    Returns:
        The mean difference of errors in table units (negative: the method is better) with its paired interval, the tasks that
        only one of the two solves, and McNemar's p.

    Raises:
        ValueError: the tasks are not the same.
    """
    if [line["task"] for line in lines] != [line["task"] for line in reference]:
        raise ValueError("only episodes of the same tasks can be compared")
    differences = np.array([line["error"] - other["error"] for line, other in zip(lines, reference, strict=True)])
    gained, lost = (
        sum(line["success"] is first and other["success"] is not first for line, other in zip(lines, reference, strict=True))
        for first in (True, False)
    )
    return {
        "error_difference": float(differences.mean()),
        "error_difference_ci95": list(interval_of_mean(differences, RESAMPLES)),
        "only_this_succeeds": gained,
        f"only_{REFERENCE}_succeeds": lost,
        "mcnemar_p": mcnemar(gained, lost),
    }


def success_curve(errors: Array) -> dict[str, list[float]]:
    """Share of episodes whose error (n,) is at most each threshold."""
    rates = (errors <= THRESHOLDS[:, None]).mean(axis=1)
    return {"threshold": THRESHOLDS.round(6).tolist(), "success_rate": rates.tolist()}
