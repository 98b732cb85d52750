"""Two cubes of OGBench, one after the other of which is moved by an expert that plans nothing: it looks where the cube is and
does what comes next, so that it takes its time, and grasps again what slips. How often is drawn for every episode."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from keyin_cli.datasets.ogbench import acting, worlds
from keyin_cli.datasets.ogbench.acting import WORLD, Demonstration, Event, Failed, Recorder, happened

SUBTASKS = (2, 4)  # in an episode, from the first to the last of these
HOLDING = (4, 5, 6, 7)  # phases of the expert in which the cube is in the hand: up, across, down, opening
SLIP = 5  # steps, a quarter of a second: what is held for less has slipped


def demonstrate(seed: int, index: int, size: int) -> Demonstration:
    """The episode of (seed, index), drawn at `size` pixels. An event is at the first frame in which a cube is held, or held no
    longer.

    Raises:
        RuntimeError: every attempt failed.
    """
    return acting.demonstrate(partial(worlds.CubeEnv, env_type="double", **WORLD), _act, seed, index, size)


def _act(numbers: np.random.Generator, recorder: Recorder, info: dict[str, Any]) -> tuple[list[Event], dict[str, Any]]:
    """Raises:
    Failed: a cube does not come to its place.
    """
    events: list[Event] = []
    for number in range(numbers.integers(SUBTASKS[0], SUBTASKS[1] + 1)):
        if number:
            _, info = recorder.env.set_new_target()
        begin = recorder.steps
        phases: list[int] = []
        expert = worlds.CubeMarkovOracle(env=recorder.env)
        expert.print_phase = lambda text, phases=phases: phases.append(int(text[0]))
        info = acting.subtask(expert, recorder, info)
        if not info["success"]:
            raise Failed
        for first, end in held(phases):
            events.append(happened("grasp", "cube", "grasp a cube", begin + first))
            events.append(happened("release", "cube", "let go of a cube", begin + end))
    return events, {}


def held(phases: list[int]) -> list[tuple[int, int]]:
    """When a cube was in the hand, from the phases of an expert at the states 0, 1, …: the first state of each time, and the
    first behind it. Times that are too short, and one that has not ended, are left out."""
    found, begin = [], 0
    for holds, group in groupby(phases, key=lambda phase: phase in HOLDING):
        end = begin + len(list(group))
        if holds and end - begin >= SLIP and end < len(phases):
            found.append((begin, end))
        begin = end
    return found
