"""OGBench's scene: a cube, two buttons that lock a drawer and a window, and a robot arm.

An expert plans a subtask as waypoints at times, adds noise and follows the plan. In a scene an expert for a cube, a button, the
drawer or the window follows the other. How fast they are, `segment_dt`, is drawn for every episode: at OGBench's own constant
0.4 s the times would hardly differ between episodes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from keyin_cli.datasets.ogbench import acting, worlds
from keyin_cli.datasets.ogbench.acting import WORLD, Demonstration, Event, Failed, Recorder, nearest_frame
from keyin_cli.datasets.ogbench.section import KEPT, STEP

EXPERTS = {
    "cube": worlds.CubePlanOracle,
    "button": worlds.ButtonPlanOracle,
    "drawer": worlds.DrawerPlanOracle,
    "window": worlds.WindowPlanOracle,
}
# The waypoints that are events, and in words what is done until then.
EVENTS = {
    "cube": {"pick_end": "grasp the cube", "place_end": "put the cube down", "final": "move away"},
    "button": {"press": "press a button", "final": "move away"},
    "drawer": {"move": "move the drawer", "final": "move away"},
    "window": {"move": "move the window", "final": "move away"},
}
SUBTASKS = 4  # in an episode
SEGMENT_DT = (0.25, 0.7)  # s, between which the experts' pace is drawn
LOW, HIGH = (0.05, -0.55, -0.18), (0.8, 0.55, 0.55)  # m, beyond which OGBench says that the cube is lost


def demonstrate(seed: int, index: int, size: int) -> Demonstration:
    """The episode of (seed, index), drawn at `size` pixels. An event is at the frame nearest to the plan's time, and an episode
    ends with one.

    Raises:
        RuntimeError: every attempt failed.
    """
    return acting.demonstrate(partial(worlds.SceneEnv, env_type="scene", **WORLD), _act, seed, index, size)


def _act(numbers: np.random.Generator, recorder: Recorder, info: dict[str, Any]) -> tuple[list[Event], dict[str, Any]]:
    pace = float(numbers.uniform(*SEGMENT_DT))
    reached: list[tuple[str, str, float, bool]] = []
    for number in range(SUBTASKS):
        if number:
            _, info = recorder.env.set_new_target()
        begin, task = recorder.steps, str(info["privileged/target_task"])
        info, times = _planned(EXPERTS[task](env=recorder.env, segment_dt=pace), recorder, info)
        waypoints = [(name, begin * STEP + times[name]) for name in EVENTS[task]]
        reached += [(task, name, seconds, bool(info["success"])) for name, seconds in waypoints]
    count = -(-recorder.steps // KEPT)
    events = [
        Event(name, task, EVENTS[task][name], seconds, nearest_frame(seconds, count), success)
        for task, name, seconds, success in reached
    ]
    return events, {"segment_dt": round(pace, 4)}


def _planned(expert: Any, recorder: Recorder, info: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """Let an expert act: what OGBench says in the end, and the times in s of its plan since its beginning.

    Raises:
        Failed: it does not finish, or the cube is lost.
    """
    times: dict[str, float] = {}
    expert.compute_keyframes = _noting(expert.compute_keyframes, times)
    info = acting.subtask(expert, recorder, info)
    cube = info["privileged/block_0_pos"]
    if not (np.isfinite(info["qpos"]).all() and (cube > LOW).all() and (cube < HIGH).all()):
        raise Failed
    return info, times


def _noting(planned: Callable[[Any], Any], noted: dict[str, float]) -> Callable[[Any], Any]:
    """`compute_keyframes` of an expert, which also notes the times of the waypoints."""

    def compute_keyframes(plan_input: Any) -> Any:
        times, poses, grasps = planned(plan_input)
        noted.update({name: float(time) for name, time in times.items()})
        return times, poses, grasps

    return compute_keyframes
