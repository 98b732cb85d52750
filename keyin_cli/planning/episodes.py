"""One row on one group of tasks: propose subgoals, follow them, tell what happened. What a worker does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from keyin_cli import machine
from keyin_cli.devices import pick_device
from keyin_cli.planning.dynamics import DYNAMICS
from keyin_cli.planning.entrant import Entrant, Weights
from keyin_cli.planning.execution import Episodes, execute
from keyin_cli.planning.metrics import SUCCESS, remaining
from keyin_cli.planning.proposal import Problem, Proposal, Search
from keyin_cli.planning.servos.servo import Settings
from keyin_cli.planning.tasks import Tasks


@dataclass(frozen=True)
class Job:
    """A row on a group of tasks, and all that decides the result."""

    entrant: Entrant
    tasks: Tasks
    seed: int
    servo: Settings
    search: Search


@dataclass(frozen=True)
class Done:
    """Lines of `episodes.jsonl`; of each the frames (K-1,H,W,3) in which its subgoals were imagined, if they were; how many
    actions were simulated; the process that did it and its peak memory in bytes."""

    lines: list[dict[str, Any]]
    images: list[NDArray[np.uint8] | None]
    actions: int
    process: int
    memory: int


def run(job: Job) -> Done:
    """Neither other groups nor the number of threads change what comes out, but for `seconds`.

    Raises:
        InputError: the model's images cannot be drawn.
    """
    begun = time.monotonic()
    proposal = propose(job)
    dynamics = DYNAMICS[job.servo.cost](1)
    episodes = execute(job.servo, dynamics, job.tasks.scene, proposal.subgoals, job.seed, job.tasks.index, threads=1)
    seconds = (time.monotonic() - begun) / len(job.tasks.index)
    lines, images = _lines(job.tasks, proposal, episodes, seconds)
    return Done(lines, images, dynamics.steps, os.getpid(), machine.peak_memory())


def propose(job: Job) -> Proposal:
    """The subgoals of a job, computed with one thread: how many there are changes how sums are rounded. Processes share the cores
    instead."""
    device, weights = pick_device("auto"), job.entrant.weights
    with one_thread():
        models = {weights.stage: _model(weights, device)} if weights else {}
        return job.entrant.propose(Problem(job.tasks, models, job.seed, device, job.entrant.size, job.search))


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes with one thread inside, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=2)
def _model(weights: Weights, device: torch.device) -> nn.Module:
    return weights.load(weights.file).to(device)


def _lines(
    tasks: Tasks, proposal: Proposal, episodes: Episodes, seconds: float
) -> tuple[list[dict[str, Any]], list[NDArray[np.uint8] | None]]:
    scene, notes = tasks.scene, proposal.notes or {}
    error = remaining(episodes.path[:, -1], scene.goal, scene.wall)
    initial = remaining(scene.start, scene.goal, scene.wall)
    at_goal = (proposal.subgoals == scene.goal[:, None]).all(axis=-1)
    lines, images = [], []
    for row, task in enumerate(tasks.index):
        steps, planned = int(episodes.steps[row]), int(at_goal[row].argmax())  # subgoals before the goal
        lines.append(
            {
                "task": int(task),
                "success": bool(error[row] <= SUCCESS),
                "error": float(error[row]),
                "initial": float(initial[row]),
                "steps": steps,
                "seconds": round(seconds, 3),
                "wall": scene.wall[row].tolist(),
                "goal": scene.goal[row].tolist(),
                "subgoals": proposal.subgoals[row, : planned + 1].round(6).tolist(),
                "path": episodes.path[row, : steps + 1].round(6).tolist(),
                "finger": episodes.motion[row, : steps + 1, 2:].round(6).tolist(),
                "current": np.minimum(episodes.current[row, :steps], planned).tolist(),
                **{name: column[row].item() for name, column in notes.items()},
            }
        )
        images.append(None if proposal.images is None else proposal.images[row, :planned])
    return lines, images
