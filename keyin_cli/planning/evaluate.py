"""Table 2: every method on the same tasks with the same servo; one line per episode, continued where it was stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import machine, storage
from keyin_cli.datasets.pushing.records import take
from keyin_cli.errors import InputError
from keyin_cli.interrupts import interruptible
from keyin_cli.parallel import backend, spread
from keyin_cli.planning import observe, pictures
from keyin_cli.planning.dynamics import DYNAMICS
from keyin_cli.planning.entrant import Entrant
from keyin_cli.planning.episodes import Job, propose, run
from keyin_cli.planning.execution import execute
from keyin_cli.planning.lines import LINES, read_episodes
from keyin_cli.planning.metrics import table_row
from keyin_cli.planning.paired import REFERENCE, compare
from keyin_cli.planning.proposal import Search
from keyin_cli.planning.servos.servo import Settings as Servo
from keyin_cli.planning.tasks import Tasks
from keyin_cli.planning.tasks import make as make_tasks
from keyin_cli.progress import say, track
from keyin_cli.recipe import differences, listed

KIND = "plan"
GROUP = 10  # episodes, at most, that run side by side and are written together
RESULT = "plan.json"


@dataclass(frozen=True)
class Settings:
    """How all methods are run.

    `dask`: address of a scheduler that runs the episodes instead of `workers` processes here; its workers must see the same file
    system. `drawn`: how many best and how many worst episodes of each method are drawn. `goal`: an image of all tasks' goal,
    instead of their own.
    """

    episodes: int = 120
    seed: int = 0
    servo: Servo = field(default_factory=Servo)
    search: Search = field(default_factory=Search)
    workers: int = 1
    dask: str | None = None
    drawn: int = 0
    goal: Path | None = None


def plan(entrants: Mapping[str, Entrant], settings: Settings, out: Path, overwrite: bool = False) -> dict[str, Any]:
    """Run rows on the first `episodes` tasks of a seed. Each writes `<out>/<row>/episodes.jsonl` and pictures, all
    `<out>/plan.json` and more pictures.

    Returns:
        The object that `plan --json` prints.

    Raises:
        InputError: `out` holds episodes of other settings; something is to be drawn and cannot be here.
        Interrupted: SIGINT or SIGTERM came; finished groups of episodes are kept.
    """
    if settings.drawn:
        pictures.check()
    tasks = _tasks(entrants, settings)
    storage.check_free(out, KIND, (RESULT, *pictures.OVERALL))
    with storage.locked(out):
        lines = {row: _run(row, entrant, tasks, settings, out / row, overwrite) for row, entrant in entrants.items()}
        return _summary(entrants, lines, tasks, settings, out)


def _summary(
    entrants: Mapping[str, Entrant], lines: Mapping[str, list[dict[str, Any]]], tasks: Tasks, settings: Settings, out: Path
) -> dict[str, Any]:
    """Table 2 and the pictures, from the lines of all rows."""
    rows = []
    for method, each in lines.items():
        row = table_row(method, _servo(entrants[method], settings).name, each)
        if REFERENCE in lines and method != REFERENCE:
            row[f"against_{REFERENCE}"] = compare(each, lines[REFERENCE])
        rows.append(row)
    figures = pictures.draw(lines, rows, settings.drawn, out)
    result = {
        "rows": rows,
        "tasks_sha256": tasks.sha256(),
        "seed": settings.seed,
        "path": str(out),
        "figures": [str(figure) for figure in figures],
    }
    storage.write_json(out / RESULT, result)
    return result


def estimate(entrants: Mapping[str, Entrant], settings: Settings) -> dict[str, Any]:
    """What `plan` would simulate at most, and how long that would take here, from one planning step of one group and the
    proposals for one task."""
    servo = settings.servo
    tasks = _tasks(entrants, replace(settings, seed=0, episodes=min(settings.episodes, GROUP)))
    dynamics, begun = DYNAMICS[servo.cost](0), time.perf_counter()
    execute(replace(servo, steps=1), dynamics, tasks.scene, tasks.scene.goal[:, None], 0, tasks.index)
    rate = dynamics.steps / (time.perf_counter() - begun)
    served = sum(entrant.servo is None for entrant in entrants.values())
    steps = served * settings.episodes * servo.steps * servo.iterations * servo.samples * servo.horizon
    begun = time.perf_counter()
    for entrant in entrants.values():
        propose(Job(entrant, take(tasks, np.arange(1)), 0, servo, settings.search))
    proposing = (time.perf_counter() - begun) * settings.episodes / settings.workers
    return {
        "methods": list(entrants),
        "servo": asdict(servo),
        "tasks": settings.episodes,
        "environment_steps": steps,
        "seconds": round(steps / rate + proposing, 1),
    }


def _tasks(entrants: Mapping[str, Entrant], settings: Settings) -> Tasks:
    """The tasks of a seed, all with the goal that was given when one was.

    Raises:
        InputError: the image of the goal cannot be used, or not by a row.
    """
    tasks = make_tasks(settings.seed, np.arange(settings.episodes))
    if settings.goal is None:
        return tasks
    if bound := [row for row, entrant in entrants.items() if entrant.follows_demonstration]:
        raise InputError(
            f"{bound[0]} knows only the way to a task's own goal: leave out --goal, or give other methods with --method"
        )
    looking = min(entrants.values(), key=lambda entrant: entrant.weights is None)  # the first with weights, if any has
    goal = observe.own_goal(settings.goal, looking.size)
    return replace(tasks, scene=replace(tasks.scene, goal=np.broadcast_to(goal, tasks.scene.goal.shape)))


def _servo(entrant: Entrant, settings: Settings) -> Servo:
    """The settings of a row's servo: the same for all, but for the name where the row has one of its own."""
    return replace(settings.servo, name=entrant.servo) if entrant.servo else settings.servo


def _run(method: str, entrant: Entrant, tasks: Tasks, settings: Settings, out: Path, overwrite: bool) -> list[dict[str, Any]]:
    """One row on all tasks: the lines of its episodes."""
    servo, weights = _servo(entrant, settings), entrant.weights
    recipe: dict[str, Any] = {"method": method, "seed": settings.seed, "servo": asdict(servo)}
    inputs = {}
    if weights:
        recipe |= {"search": asdict(settings.search), "weights_sha256": weights.sha256}
        inputs = {weights.stage: {"path": storage.from_here(weights.file), "sha256": weights.sha256}}
    if settings.goal:
        recipe["goal"] = tasks.scene.goal[0].tolist()
    lines, wanted = _begun(out, tasks, recipe, overwrite), len(tasks.index)
    if len(lines) >= wanted and "finished" in storage.read_manifest(out):  # else it was killed before it said so
        return lines[:wanted]
    if lines:
        say(f"{out}: {len(lines)} of {wanted} episodes are there, continuing")
    manifest = storage.provenance() | {"kind": KIND, "recipe": recipe, "inputs": inputs}
    _begin(out, manifest)
    storage.write_lines(out / LINES, lines)  # without a last line that was cut short
    size = GROUP if settings.dask else max(1, min(GROUP, -(-(wanted - len(lines)) // settings.workers)))
    groups = [take(tasks, np.arange(first, min(first + size, wanted))) for first in range(len(lines), wanted, size)]
    jobs = [Job(entrant, group, settings.seed, servo, settings.search) for group in groups]
    begun, actions, memory = time.monotonic(), 0, {os.getpid(): 0}
    with (
        interruptible(f"stopped; the finished episodes in {out} are kept: run the same command again to continue"),
        backend(min(settings.workers, max(1, len(jobs))), settings.dask),
        track(f"planning with {method}, episodes", wanted, len(lines)) as advance,
    ):
        for done in spread(run, jobs):
            for line, images in zip(done.lines, done.images, strict=True):
                if images is not None and len(images):
                    pictures.write_planned(out, line["task"], images)
                storage.append_line(out / LINES, line)
            actions += done.actions
            memory[done.process] = max(done.memory, memory.get(done.process, 0))
            advance(len(done.lines))
    seconds, memory[os.getpid()] = time.monotonic() - begun, machine.peak_memory()
    measured = {
        "finished": storage.now(),
        "seconds": round(seconds, 2),
        "workers": settings.workers,
        "environment_steps_per_second": round(actions / seconds),
        "peak_memory_bytes": sum(memory.values()),
    }
    storage.write_json(out / storage.MANIFEST, manifest | measured)
    return read_episodes(out, tasks)[:wanted]


def _begin(out: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of a row, of a new one together with its folder: one without would be nobody's."""

    def fill(beside: Path) -> None:
        beside.mkdir()
        storage.write_json(beside / storage.MANIFEST, manifest)

    if (out / storage.MANIFEST).is_file():
        storage.write_json(out / storage.MANIFEST, manifest)
    else:
        storage.replace(out, fill)


def _begun(out: Path, tasks: Tasks, settings: dict[str, Any], overwrite: bool) -> list[dict[str, Any]]:
    """The episodes that are there already and are kept.

    Raises:
        InputError: they were run with other settings, are damaged, or something else is there, which is never touched.
    """
    if overwrite:
        storage.remove_ours(out, KIND, method=settings["method"])
        return []
    storage.check_ours(out, KIND)
    if not (out / storage.MANIFEST).is_file():
        return []
    if changes := differences(storage.read_manifest(out)["recipe"], settings):
        what = f"{out} was planned differently ({listed(changes)})"
        raise InputError(f"{what}: give another --out, or --overwrite to replace it")
    return read_episodes(out, tasks)
