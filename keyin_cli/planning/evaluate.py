"""Table 2: every method on the same tasks with the same servo; one line per episode, continued where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import artifacts
from keyin_cli.data.pushing.records import take
from keyin_cli.errors import InputError
from keyin_cli.interrupts import interruptible
from keyin_cli.planning import tasks as tasks_
from keyin_cli.planning.dynamics import TrueDynamics
from keyin_cli.planning.metrics import SUCCESS, remaining, table_row
from keyin_cli.planning.servo import Servo, execute
from keyin_cli.planning.subgoals import PROPOSERS
from keyin_cli.progress import Tracker, say, track
from keyin_cli.recipe import differences

KIND = "plan"
GROUP = 10  # episodes that run side by side and are written together
RESULT, LINES = "plan.json", "episodes.jsonl"


def plan(methods: Sequence[str], episodes: int, seed: int, out: Path, overwrite: bool = False) -> dict[str, Any]:
    """Run methods on the first `episodes` tasks of a seed. Each writes `<out>/<method>/episodes.jsonl`, all `<out>/plan.json`.

    Returns:
        The object that `plan --json` prints.

    Raises:
        InputError: there is no such method, or `out` holds episodes of other settings.
        Interrupted: SIGINT or SIGTERM came; finished groups of episodes are kept.
    """
    if unknown := [method for method in methods if method not in PROPOSERS]:
        raise InputError(f"no method {unknown[0]}: there are {', '.join(PROPOSERS)}")
    servo = Servo()
    tasks = tasks_.make(seed, np.arange(episodes))
    rows = [_run(method, servo, tasks, seed, out / method, overwrite) for method in methods]
    result = {"rows": rows, "tasks_sha256": tasks.sha256(), "seed": seed, "path": str(out)}
    artifacts.write_json(out / RESULT, result)
    return result


def estimate(methods: Sequence[str], episodes: int) -> dict[str, Any]:
    """What `plan` would simulate at most, and how long that would take here, from one planning step of one group."""
    servo = Servo()
    tasks = tasks_.make(0, np.arange(min(episodes, GROUP)))
    dynamics, begun = TrueDynamics(threads=0), time.perf_counter()
    execute(Servo(steps=1), dynamics, tasks.scene, tasks.scene.goal[:, None], 0, tasks.index)
    rate = dynamics.steps / (time.perf_counter() - begun)
    steps = len(methods) * episodes * servo.steps * servo.iterations * servo.samples * servo.horizon
    return {"servo": asdict(servo), "tasks": episodes, "environment_steps": steps, "seconds": round(steps / rate, 1)}


def _run(method: str, servo: Servo, tasks: tasks_.Tasks, seed: int, out: Path, overwrite: bool) -> dict[str, Any]:
    """One method on all tasks: its row of Table 2."""
    settings = {"method": method, "seed": seed, "servo": asdict(servo)}
    lines = _begun(out, settings, overwrite)
    wanted = len(tasks.index)
    if 0 < len(lines) < wanted:
        say(f"{out}: {len(lines)} of {wanted} episodes are there, continuing")
    if len(lines) < wanted:
        manifest = artifacts.provenance() | {"kind": KIND, "recipe": settings, "inputs": {}}
        artifacts.write_json(out / artifacts.MANIFEST, manifest)
        artifacts.write_lines(out / LINES, lines)  # without a last line that was cut short
        dynamics, begun = TrueDynamics(threads=0), time.monotonic()
        with (
            interruptible(f"stopped; the finished episodes in {out} are kept: run the same command again to continue"),
            track(f"planning with {method}, actions", wanted * servo.steps, len(lines) * servo.steps) as advance,
        ):
            for first in range(len(lines), wanted, GROUP):
                group = take(tasks, np.arange(first, min(first + GROUP, wanted)))
                for line in _episodes(method, servo, dynamics, group, seed, advance):
                    artifacts.append_line(out / LINES, line)
        seconds = time.monotonic() - begun
        artifacts.write_json(
            out / artifacts.MANIFEST,
            manifest
            | {
                "finished": artifacts.now(),
                "seconds": round(seconds, 2),
                "environment_steps_per_second": round(dynamics.steps / seconds),
                "peak_memory_bytes": artifacts.peak_memory(),
            },
        )
        lines = artifacts.read_lines(out / LINES)
    return table_row(method, servo.name, lines[:wanted])


def _begun(out: Path, settings: dict[str, Any], overwrite: bool) -> list[dict[str, Any]]:
    """The episodes that are there already and shall stay.

    Raises:
        InputError: they were run with other settings, or something else is there, which is never touched.
    """
    if not out.exists():
        return []
    manifest = artifacts.read_manifest(out)
    if manifest["kind"] != KIND:
        raise InputError(f"{out} holds a {manifest['kind']}, it is left alone: give another --out")
    if overwrite:
        artifacts.remove(out)
        return []
    if changes := differences(manifest["recipe"], settings):
        what = f"{out} was planned differently ({', '.join(changes)})"
        raise InputError(f"{what}: give another --out, or --overwrite to replace it")
    return artifacts.read_lines(out / LINES)


def _episodes(
    method: str, servo: Servo, dynamics: TrueDynamics, tasks: tasks_.Tasks, seed: int, advance: Tracker
) -> list[dict[str, Any]]:
    """Propose subgoals for a group of tasks and follow them: a line of `episodes.jsonl` for each."""
    begun = time.monotonic()
    scene, subgoals = tasks.scene, PROPOSERS[method](tasks)
    episodes = execute(servo, dynamics, scene, subgoals, seed, tasks.index, advance=advance)
    error = remaining(episodes.path[:, -1], scene.goal, scene.wall)
    initial = remaining(scene.start, scene.goal, scene.wall)
    seconds = (time.monotonic() - begun) / len(tasks.index)
    return [
        {
            "task": int(task),
            "success": bool(error[row] <= SUCCESS),
            "error": float(error[row]),
            "initial": float(initial[row]),
            "steps": int(episodes.steps[row]),
            "seconds": round(seconds, 3),
            "wall": scene.wall[row].tolist(),
            "goal": scene.goal[row].tolist(),
            "subgoals": subgoals[row].round(6).tolist(),
            "path": episodes.path[row, : episodes.steps[row] + 1].round(6).tolist(),
        }
        for row, task in enumerate(tasks.index)
    ]
