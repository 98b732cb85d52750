"""OGBench's puzzle: nine buttons, each of which changes its own colour and its neighbours' when it is pressed.

How many are pressed is drawn for every episode, how fast the expert is for every press: else the presses of all episodes would
be at the same shares of their length.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from keyin_cli.datasets.ogbench import acting, worlds
from keyin_cli.datasets.ogbench.acting import WORLD, Demonstration, Event, Recorder, happened
from keyin_cli.datasets.ogbench.scene import SEGMENT_DT

PRESSES = (3, 6)  # in an episode, from the first to the last of these


def demonstrate(seed: int, index: int, size: int) -> Demonstration:
    """The episode of (seed, index), drawn at `size` pixels. An event is at the first frame with other colours.

    Raises:
        RuntimeError: every attempt failed.
    """
    return acting.demonstrate(partial(worlds.PuzzleEnv, env_type="3x3", **WORLD), _act, seed, index, size)


def _act(numbers: np.random.Generator, recorder: Recorder, info: dict[str, Any]) -> tuple[list[Event], dict[str, Any]]:
    paces = numbers.uniform(*SEGMENT_DT, size=numbers.integers(PRESSES[0], PRESSES[1] + 1))
    events: list[Event] = []

    def watch(after: dict[str, Any]) -> None:
        if (after["button_states"] != after["prev_button_states"]).any():
            events.append(happened("press", "button", "press a button", recorder.steps))

    for number, pace in enumerate(paces):
        if number:
            _, info = recorder.env.set_new_target()
        expert = worlds.ButtonPlanOracle(env=recorder.env, segment_dt=float(pace), gripper_always_closed=True)
        info = acting.subtask(expert, recorder, info, watch)
    return events, {"segment_dt": [round(float(pace), 4) for pace in paces]}
