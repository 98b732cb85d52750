"""Scores of executed plans (docs/spec.md, section 6): what is left of the shortest path, and whether that is little enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, shortest_path
from keyin_cli.planning.paired import success_curve
from keyin_cli.statistics import wilson

SUCCESS = 2 * PUCK_RADIUS  # table units of shortest path left, at most: one puck diameter

Array = NDArray[np.floating[Any]]


def remaining(puck: Array, goal: Array, wall: Array) -> Array:
    """Error of a final position: length of the shortest path around the wall from there to the goal, in table units."""
    return shortest_path(puck, goal, wall)


def table_row(method: str, servo: str, episodes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A row of Table 2 from the lines of `episodes.jsonl`: errors in table units, the ratio of their means, times in seconds.

    `success_curve` has the success rate at other thresholds; `copies_goal` the share of proposals that merely copy the goal, of a
    method that says so.
    """
    error, initial = (np.array([episode[key] for episode in episodes]) for key in ("error", "initial"))
    successes = sum(episode["success"] for episode in episodes)
    copies = {"copies_goal": float(np.mean([line["copies_goal"] for line in episodes]))} if "copies_goal" in episodes[0] else {}
    return {
        "method": method,
        "servo": servo,
        "episodes": len(episodes),
        "success_rate": successes / len(episodes),
        "success_ci95": list(wilson(successes, len(episodes))),
        "error_mean": float(error.mean()),
        "error_std": float(error.std()),
        "error_over_initial": float(error.mean() / initial.mean()),
        "steps_mean": float(np.mean([episode["steps"] for episode in episodes])),
        "seconds_per_episode": float(np.mean([episode["seconds"] for episode in episodes])),
        "success_curve": success_curve(error),
        **copies,
    }
