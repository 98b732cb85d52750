"""Table 2: every method on the same tasks with the same servo; one line per episode, continued where it was stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import machine, storage
from keyin_cli.datasets.pushing.records import take
from keyin_cli.errors import InputError
from keyin_cli.interrupts import interruptible
from keyin_cli.model.weights import load_model
from keyin_cli.parallel import backend, spread
from keyin_cli.planning import observe, pictures
from keyin_cli.planning import tasks as tasks_
from keyin_cli.planning.controllers import Servo
from keyin_cli.planning.dynamics import DYNAMICS
from keyin_cli.planning.episodes import Job, Weights, propose, run
from keyin_cli.planning.metrics import table_row
from keyin_cli.planning.paired import REFERENCE, compare
from keyin_cli.planning.proposal import Search, fingerprint, weights_files
from keyin_cli.planning.servo import execute
from keyin_cli.planning.subgoals import PROPOSERS, needed, stage
from keyin_cli.progress import say, track
from keyin_cli.recipe import PushingData, differences

KIND = "plan"
GROUP = 10  # episodes, at most, that run side by side and are written together
RESULT, LINES = "plan.json", "episodes.jsonl"
ALL = "all"


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


def chosen(methods: Sequence[str], ckpt: Path | None) -> dict[str, Weights | None]:
    """The methods that are meant, `all` being those that the weights allow, and the weights that each of them needs.

    Raises:
        InputError: there is no such method, or its weights are not there or are of another world.
    """
    if unknown := [method for method in methods if method not in (ALL, *PROPOSERS)]:
        raise InputError(f"no method {unknown[0]}: there are {', '.join((ALL, *PROPOSERS))}")
    files = weights_files(ckpt)
    if ALL in methods:
        methods = [method for method in PROPOSERS if stage(method) in (None, *files)]
    stages = {method: needed(method, files) for method in methods}
    weights = {name: Weights(name, files[name].absolute(), fingerprint(files[name])) for name in stages.values() if name}
    return {method: weights[name] if name else None for method, name in stages.items()}


def plan(methods: Sequence[str], ckpt: Path | None, settings: Settings, out: Path, overwrite: bool = False) -> dict[str, Any]:
    """Run methods on the first `episodes` tasks of a seed. Each writes `<out>/<method>/episodes.jsonl` and pictures, all
    `<out>/plan.json` and more pictures.

    Args:
        ckpt: what `checkpoints.find_weights` accepts, for the methods that need weights.

    Returns:
        The object that `plan --json` prints.

    Raises:
        InputError: see `chosen`; `out` holds episodes of other settings; nothing can be drawn here and something must.
        Interrupted: SIGINT or SIGTERM came; finished groups of episodes are kept.
    """
    weights = chosen(methods, ckpt)
    if settings.drawn:
        pictures.check()
    tasks = _tasks(weights, settings)
    lines = {method: _run(method, weights[method], tasks, settings, out / method, overwrite) for method in weights}
    rows = []
    for method, each in lines.items():
        row = table_row(method, _servo(method, settings).name, each)
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


def estimate(methods: Sequence[str], ckpt: Path | None, settings: Settings) -> dict[str, Any]:
    """What `plan` would simulate at most, and how long that would take here, from one planning step of one group and the
    proposals for one task."""
    weights, servo = chosen(methods, ckpt), settings.servo
    tasks = tasks_.make(0, np.arange(min(settings.episodes, GROUP)))
    dynamics, begun = DYNAMICS[servo.cost](0), time.perf_counter()
    execute(replace(servo, steps=1), dynamics, tasks.scene, tasks.scene.goal[:, None], 0, tasks.index)
    rate = dynamics.steps / (time.perf_counter() - begun)
    served = sum(_servo(method, settings).name == servo.name for method in weights)
    steps = served * settings.episodes * servo.steps * servo.iterations * servo.samples * servo.horizon
    begun = time.perf_counter()
    for method, each in weights.items():
        propose(Job(method, take(tasks, np.arange(1)), 0, servo, settings.search, each))
    proposing = (time.perf_counter() - begun) * settings.episodes / settings.workers
    return {
        "methods": list(weights),
        "servo": asdict(servo),
        "tasks": settings.episodes,
        "environment_steps": steps,
        "seconds": round(steps / rate + proposing, 1),
    }


def _tasks(methods: Mapping[str, Weights | None], settings: Settings) -> tasks_.Tasks:
    """The tasks of a seed, all with the goal that was given when one was.

    Raises:
        InputError: the image of the goal cannot be used, or not by a method.
    """
    tasks = tasks_.make(settings.seed, np.arange(settings.episodes))
    if settings.goal is None:
        return tasks
    if "oracle" in methods:
        raise InputError("oracle knows only the way to a task's own goal: leave out --goal, or name other methods with --method")
    trained = [load_model(weights.file)[1].data.image[0] for weights in methods.values() if weights]
    goal = observe.own_goal(settings.goal, (trained or [PushingData().size])[0])
    return replace(tasks, scene=replace(tasks.scene, goal=np.broadcast_to(goal, tasks.scene.goal.shape)))


def _servo(method: str, settings: Settings) -> Servo:
    """The servo of a method: the same for all, but random actions for `random`."""
    return replace(settings.servo, name="random") if method == "random" else settings.servo


def _run(
    method: str, weights: Weights | None, tasks: tasks_.Tasks, settings: Settings, out: Path, overwrite: bool
) -> list[dict[str, Any]]:
    """One method on all tasks: the lines of its episodes."""
    servo = _servo(method, settings)
    recipe: dict[str, Any] = {"method": method, "seed": settings.seed, "servo": asdict(servo)}
    inputs = {}
    if weights:
        recipe |= {"search": asdict(settings.search), "weights_sha256": weights.sha256}
        inputs = {weights.stage: {"path": storage.from_here(weights.file), "sha256": weights.sha256}}
    if settings.goal:
        recipe["goal"] = tasks.scene.goal[0].tolist()
    lines, wanted = _begun(out, recipe, overwrite), len(tasks.index)
    if len(lines) >= wanted:
        return lines[:wanted]
    if lines:
        say(f"{out}: {len(lines)} of {wanted} episodes are there, continuing")
    manifest = storage.provenance() | {"kind": KIND, "recipe": recipe, "inputs": inputs}
    storage.write_json(out / storage.MANIFEST, manifest)
    storage.write_lines(out / LINES, lines)  # without a last line that was cut short
    size = GROUP if settings.dask else min(GROUP, -(-(wanted - len(lines)) // settings.workers))
    groups = [take(tasks, np.arange(first, min(first + size, wanted))) for first in range(len(lines), wanted, size)]
    jobs = [Job(method, group, settings.seed, servo, settings.search, weights) for group in groups]
    begun, actions, memory = time.monotonic(), 0, {os.getpid(): 0}
    with (
        interruptible(f"stopped; the finished episodes in {out} are kept: run the same command again to continue"),
        backend(min(settings.workers, len(jobs)), settings.dask),
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
    return storage.read_lines(out / LINES)[:wanted]


def _begun(out: Path, settings: dict[str, Any], overwrite: bool) -> list[dict[str, Any]]:
    """The episodes that are there already and shall stay.

    Raises:
        InputError: they were run with other settings, or something else is there, which is never touched.
    """
    if not out.exists():
        return []
    manifest = storage.read_manifest(out)
    if manifest["kind"] != KIND:
        raise InputError(f"{out} holds a {manifest['kind']}, it is left alone: give another --out")
    if overwrite:
        storage.remove(out)
        return []
    if changes := differences(manifest["recipe"], settings):
        what = f"{out} was planned differently ({', '.join(changes)})"
        raise InputError(f"{what}: give another --out, or --overwrite to replace it")
    return storage.read_lines(out / LINES)
