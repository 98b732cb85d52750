"""The page of `keyin plan`: rows of Table 2, every task's subgoals and path, films."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.report.evaluation import inside
from keyin_cli.report.page import Cell, Chart, Interval, Line, Page, Scene, Table

RESULT, LINES, PLANNED = "plan.json", "episodes.jsonl", "planned"
TASKS = 60  # of each method
COMPARED = "against_"


def page(path: Path) -> Page:
    """The page of an output directory of `plan`.

    Raises:
        InputError: files are damaged.
        KeyError, TypeError, ValueError: the same.
    """
    result = storage.read_json(path / RESULT)
    rows = result["rows"]
    methods = [_folder(path, row["method"]) for row in rows]
    scenes = [_scene(folder) for folder in reversed(methods)]  # the strongest first, but before it what others are compared with
    scenes.sort(key=lambda scene: all(f"{COMPARED}{scene.method}" not in row for row in rows))
    films = [film for folder in reversed(methods) for film in sorted(folder.glob("episode-*.mp4"))]
    strips = [strip for folder in reversed(methods) for strip in sorted(folder.glob("episode-*.png"))]
    count = int(rows[0]["episodes"])
    told = f"The first {TASKS} of {count:,} tasks of every method are shown here." if count > TASKS else ""
    manifests = {folder.name: storage.read_manifest(folder) for folder in methods if (folder / storage.MANIFEST).is_file()}
    return Page(
        kind="planning",
        title=shown(path.absolute().name),
        about="Pucks are pushed around walls to goals: subgoals first, then actions towards each of them.",
        facts={"tasks": f"{count:,}", "seed of the tasks": shown(result["seed"]), "methods": f"{len(rows)}"},
        left_out=told,
        tables=[_table(rows)],
        charts=[_curves(rows)],
        scenes=[scene for scene in scenes if scene.tasks],
        pictures=inside(path, [*films, *strips, path / "outcomes.png"]),
        manifests=manifests,
    )


def _folder(path: Path, method: Any) -> Path:
    """The folder of a method.

    Raises:
        InputError: its name is none of a folder in there.
    """
    if not isinstance(method, str) or Path(method).name != method or method in ("", ".", ".."):
        raise InputError(f"{shown(path / RESULT)} is damaged: {shown(method)!r} is no method")
    return path / method


def _scene(folder: Path) -> Scene:
    tasks = [_task(line) for line in storage.read_lines(folder / LINES)[:TASKS]]
    strips = {task["task"]: folder / PLANNED / f"{task['task']:03d}.png" for task in tasks}
    there = set(inside(folder, list(strips.values())))
    return Scene(folder.name, tasks, {task: strip for task, strip in strips.items() if strip in there})


def _task(line: dict[str, Any]) -> dict[str, Any]:
    """A line of `episodes.jsonl` as the page's script takes it.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    wanted = {"wall": 1, "goal": 1, "subgoals": 2, "path": 2, "finger": 2}  # axes, the last one x and y
    points = {name: np.asarray(line[name], np.float64)[..., :2] for name in wanted}  # of the finger without its height
    fits = all(points[name].ndim == axes and points[name].shape[-1] == 2 and points[name].size for name, axes in wanted.items())
    error = float(line["error"])
    if not fits or not math.isfinite(error) or not all(np.isfinite(each).all() for each in points.values()):
        raise ValueError("a line of episodes is damaged")
    return {
        "task": int(line["task"]),
        "success": bool(line["success"]),
        "error": round(error, 3),
        "current": np.asarray(line["current"], np.int64).ravel().tolist(),
        **{name: each.round(3).tolist() for name, each in points.items()},
    }


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    compared = sorted({key for row in rows for key in row if key.startswith(COMPARED)})
    columns = ["method", "success", "error", "error / initial", "steps", "seconds", *(key.replace("_", " ") for key in compared)]
    cells: list[list[Cell]] = [
        [
            shown(row["method"]),
            Interval(row["success_rate"], *row["success_ci95"]),
            f"{row['error_mean']:.2f} ± {row['error_std']:.2f}",
            f"{row['error_over_initial']:.2f}",
            f"{row['steps_mean']:.1f}",
            f"{row['seconds_per_episode']:.1f}",
            *(f"p = {row[key]['mcnemar_p']:.2g}" if key in row else "–" for key in compared),
        ]
        for row in reversed(rows)
    ]
    note = "Lines are 95 % intervals. Error: length of the shortest path that is left to the goal, in table units."
    return Table("Methods", columns, cells, [note])


def _curves(rows: Sequence[dict[str, Any]]) -> Chart:
    curves = [(row["method"], row["success_curve"]) for row in reversed(rows)]
    lines = [
        Line(method, [float(x) for x in curve["threshold"]], [float(y) for y in curve["success_rate"]])
        for method, curve in curves
    ]
    return Chart("Success", "share of tasks with less error", "error, table units", lines)
