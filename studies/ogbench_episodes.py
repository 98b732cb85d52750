"""Episodes of OGBench's scene (Park et al., 2025), acted by its own scripted experts, with the times of their plans.

The world is OGBench's `visual-scene`: a robot arm, a cube, two buttons that lock a drawer and a window. An expert plans a
subtask as waypoints at times, adds noise and follows the plan. In a scene an expert for a cube, a button, the drawer or the
window follows the other. How fast they are, `segment_dt`, is drawn for every episode: at OGBench's own constant 0.4 s the
times would hardly differ between episodes.

An episode is a function of (seed, index) alone: it has a simulator of its own, and NumPy's global random numbers, which the
experts use, are seeded for it. One that fails is drawn again with other numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from ogbench.manipspace.envs.scene_env import SceneEnv
from ogbench.manipspace.oracles.plan.button_plan import ButtonPlanOracle
from ogbench.manipspace.oracles.plan.cube_plan import CubePlanOracle
from ogbench.manipspace.oracles.plan.drawer_plan import DrawerPlanOracle
from ogbench.manipspace.oracles.plan.window_plan import WindowPlanOracle

EXPERTS = {"cube": CubePlanOracle, "button": ButtonPlanOracle, "drawer": DrawerPlanOracle, "window": WindowPlanOracle}
# The waypoints that are events, and in words what is done until then.
EVENTS = {
    "cube": {"pick_end": "grasp the cube", "place_end": "put the cube down", "final": "move away"},
    "button": {"press": "press a button", "final": "move away"},
    "drawer": {"move": "move the drawer", "final": "move away"},
    "window": {"move": "move the window", "final": "move away"},
}
SUBTASKS = 4  # in an episode
STEP = 0.05  # s that an action lasts
KEPT = 2  # steps from a frame that is kept to the next
FPS = round(1 / (STEP * KEPT))
SEGMENT_DT = (0.25, 0.7)  # s, between which the experts' pace is drawn
MOST = 250  # steps of a subtask: the slowest plans for a cube have 160
ATTEMPTS = 20
LOW, HIGH = (0.05, -0.55, -0.18), (0.8, 0.55, 0.55)  # m, beyond which OGBench says that the cube is lost
CAMERA = "front_pixels"
STATE = (
    *(f"joint_pos_{joint}" for joint in range(6)),
    *(f"joint_vel_{joint}" for joint in range(6)),
    *(f"effector_pos_{axis}" for axis in "xyz"),
    "effector_yaw_cos",
    "effector_yaw_sin",
    "gripper_opening",
    "gripper_contact",
)
ACTION = ("x", "y", "z", "yaw", "gripper")


class Failed(Exception):
    """An expert did not finish, or the cube was lost."""


@dataclass(frozen=True)
class Event:
    """A waypoint of a plan that is reached.

    Attributes:
        name: of the waypoint.
        task: what the expert was for.
        text: what was done until then.
        seconds: the plan's time, since the beginning of the episode.
        frame: the nearest frame that is kept.
        success: whether the subtask succeeded: a locked drawer does not move.
    """

    name: str
    task: str
    text: str
    seconds: float
    frame: int
    success: bool


@dataclass(frozen=True)
class Demonstration:
    """An episode: `frames` (n,size,size,3) uint8, `states` (n,19) and `actions` (n,5) float32 at these frames; an action is what
    is sent in the first of the frame's steps, in [-1, 1]. `segment_dt` in s; `failed` attempts before this one."""

    frames: NDArray[np.uint8]
    states: NDArray[np.float32]
    actions: NDArray[np.float32]
    events: list[Event]
    segment_dt: float
    failed: int


class Recorder:
    """Keeps every second step of a simulator, and draws it: without shadows and smooth edges, which is ten times as fast."""

    def __init__(self, env: Any, size: int) -> None:
        env.model.vis.quality.shadowsize = env.model.vis.quality.offsamples = 0
        self.env, self.steps = env, 0
        self.frames: list[NDArray[np.uint8]] = []
        self.states: list[NDArray[np.float32]] = []
        self.actions: list[NDArray[np.float32]] = []
        self.renderer = mujoco.Renderer(env.model, height=size, width=size)
        self.renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False

    def step(self, info: dict[str, Any], action: NDArray[np.float64]) -> dict[str, Any]:
        """Act once, from a state of which OGBench said `info`; returns what it says of the next."""
        if self.steps % KEPT == 0:
            self.renderer.update_scene(self.env.data, camera=CAMERA)
            self.frames.append(self.renderer.render().copy())
            self.states.append(proprioception(info))
            self.actions.append(np.asarray(action, dtype=np.float32))
        self.steps += 1
        following: dict[str, Any] = self.env.step(action)[-1]
        return following

    def close(self) -> None:
        self.renderer.close()


def demonstrate(seed: int, index: int, size: int) -> Demonstration:
    """The episode of (seed, index), drawn at `size` pixels.

    Raises:
        RuntimeError: every attempt failed.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _attempt(np.random.SeedSequence([seed, index, attempt]), attempt, size)
        except Failed:
            continue
    raise RuntimeError(f"episode {index} of seed {seed}: all of {ATTEMPTS} attempts failed")


def proprioception(info: dict[str, Any]) -> NDArray[np.float32]:
    """What the arm feels, (19,): the entries of STATE in rad, rad/s and m, opening and contact from 0 to 1; the yaw as cosine and
    sine, which do not jump."""
    yaw = info["proprio/effector_yaw"]
    names = ("joint_pos", "joint_vel", "effector_pos", "gripper_opening", "gripper_contact")
    first, velocity, position, opening, contact = (info[f"proprio/{name}"] for name in names)
    return np.concatenate([first, velocity, position, np.cos(yaw), np.sin(yaw), opening, contact]).astype(np.float32)


def frame_of(seconds: float, count: int) -> int:
    """The frame nearest to a time, of `count` frames."""
    return min(int(seconds * FPS + 0.5), count - 1)


def _attempt(seeds: np.random.SeedSequence, failed: int, size: int) -> Demonstration:
    """Raises:
    Failed: an expert did not finish, or the cube was lost.
    """
    for_world, for_experts, for_pace = (int(number) for number in seeds.generate_state(3))
    pace = float(np.random.default_rng(for_pace).uniform(*SEGMENT_DT))
    np.random.seed(for_experts)
    world = {"env_type": "scene", "ob_type": "pixels", "mode": "data_collection", "visualize_info": False}
    env: Any = SceneEnv(**world, terminate_at_goal=False, width=size, height=size)
    env.get_pixel_observation = lambda: None  # it draws every step, slowly
    _, info = env.reset(seed=for_world)
    reached: list[tuple[str, str, float, bool]] = []
    with closing(Recorder(env, size)) as recorder:
        for number in range(SUBTASKS):
            if number:
                _, info = env.set_new_target()
            begin, task = recorder.steps, str(info["privileged/target_task"])
            info, times = _subtask(EXPERTS[task](env=env, segment_dt=pace), recorder, info)
            waypoints = [(name, begin * STEP + times[name]) for name in EVENTS[task]]
            reached += [(task, name, seconds, bool(info["success"])) for name, seconds in waypoints]
    count = len(recorder.frames)
    return Demonstration(
        frames=np.stack(recorder.frames),
        states=np.stack(recorder.states),
        actions=np.stack(recorder.actions),
        events=[
            Event(name, task, EVENTS[task][name], seconds, frame_of(seconds, count), success)
            for task, name, seconds, success in reached
        ],
        segment_dt=pace,
        failed=failed,
    )


def _subtask(expert: Any, recorder: Recorder, info: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """Let an expert act until it is done: what OGBench says then, and the times in s of its plan since its beginning.

    Raises:
        Failed: it does not finish, or the cube is lost.
    """
    times: dict[str, float] = {}
    expert.compute_keyframes = _noting(expert.compute_keyframes, times)
    expert.reset(None, info)
    for _ in range(MOST):
        info = recorder.step(info, expert.select_action(None, info))
        if expert.done:
            break
    else:
        raise Failed
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
