"""Episodes that experts act in a world of OGBench: what is recorded, and how those that fail are drawn again."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.rows import ACTION, STATE, EpisodeRows
from keyin_cli.datasets.episodes.rows import Event as Shown
from keyin_cli.datasets.ogbench.camera import Camera
from keyin_cli.datasets.ogbench.section import FPS, KEPT, STEP

MOST = 250  # steps of a subtask: the slowest plans for a cube have 160
ATTEMPTS = 20
CAMERA = "front_pixels"
WORLD = {"ob_type": "pixels", "mode": "data_collection", "visualize_info": False, "terminate_at_goal": False}


class Failed(Exception):
    """An expert did not finish, a cube was lost, or two events are in one frame."""


@dataclass(frozen=True)
class Event:
    """Something that happens.

    Attributes:
        name: what happens, as the expert calls it.
        task: what the expert was for.
        text: what was done until then.
        seconds: since the beginning of the episode.
        frame: that shows it.
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
    is sent in the first of the frame's steps, in [-1, 1]. `failed` attempts before this one; `told`: what else is known of it."""

    frames: NDArray[np.uint8]
    states: NDArray[np.float32]
    actions: NDArray[np.float32]
    events: list[Event]
    failed: int
    told: dict[str, Any] = field(default_factory=dict)

    def scored(self) -> list[Event]:
        """The events but the one with which it ends."""
        return [event for event in self.events if event.frame < len(self.frames) - 1]

    def rows(self) -> EpisodeRows:
        """The episode as a dataset has it, without the event with which it ends."""
        return EpisodeRows(
            frames=self.frames,
            signals={STATE: self.states, ACTION: self.actions},
            events=[Shown(event.frame, event.text) for event in self.scored()],
            told={**self.told, "failed_attempts": self.failed},
        )


class Recorder:
    """Keeps every second step of a simulator, and draws it."""

    def __init__(self, env: Any, size: int) -> None:
        self.env, self.steps = env, 0
        self.frames: list[NDArray[np.uint8]] = []
        self.states: list[NDArray[np.float32]] = []
        self.actions: list[NDArray[np.float32]] = []
        self.camera = Camera(env.model, CAMERA, size)

    def step(self, info: dict[str, Any], action: NDArray[np.float64]) -> dict[str, Any]:
        """Act once, from a state of which OGBench said `info`; returns what it says of the next."""
        if self.steps % KEPT == 0:
            self.frames.append(self.camera.draw(self.env.data))
            self.states.append(proprioception(info))
            self.actions.append(np.asarray(action, dtype=np.float32))
        self.steps += 1
        following: dict[str, Any] = self.env.step(action)[-1]
        return following

    def close(self) -> None:
        self.camera.close()

    def recorded(self, events: list[Event], failed: int, **told: Any) -> Demonstration:
        """All that was kept."""
        return Demonstration(np.stack(self.frames), np.stack(self.states), np.stack(self.actions), events, failed, told)


# Acts an episode with the random numbers of the first argument; the second is a recorder of the world, which is already reset
# and of which OGBench says the third.
Act = Callable[[np.random.Generator, Recorder, dict[str, Any]], tuple[list[Event], dict[str, Any]]]


def demonstrate(make: Callable[..., Any], act: Act, seed: int, index: int, size: int) -> Demonstration:
    """The episode of (seed, index), drawn at `size` pixels.

    Args:
        make: the class of the world; `act`: what happens in it.

    Raises:
        RuntimeError: every attempt failed.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _attempt(make, act, np.random.SeedSequence([seed, index, attempt]), attempt, size)
        except Failed:
            continue
        finally:
            gc.collect()  # a simulator refers to itself, and Python does not see how large it is
    raise RuntimeError(f"episode {index} of seed {seed}: all of {ATTEMPTS} attempts failed")


def _attempt(make: Callable[..., Any], act: Act, seeds: np.random.SeedSequence, failed: int, size: int) -> Demonstration:
    """Raises:
    Failed: see `Failed`.
    """
    for_world, for_experts, for_pace = (int(number) for number in seeds.generate_state(3))
    np.random.seed(for_experts)
    env = make(width=size, height=size)
    env.get_pixel_observation = lambda: None  # it draws every step, slowly
    _, info = env.reset(seed=for_world)
    with closing(Recorder(env, size)) as recorder:
        events, told = act(np.random.default_rng(for_pace), recorder, info)
        made = recorder.recorded(events, failed, **told)
    if any(after.frame <= before.frame for before, after in pairwise(made.scored())):
        raise Failed
    return made


def subtask(
    expert: Any, recorder: Recorder, info: dict[str, Any], watch: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Let an expert act until it is done; `watch` is told what OGBench says after each step. Returns what it says in the end.

    Raises:
        Failed: it does not finish.
    """
    expert.reset(None, info)
    for _ in range(MOST):
        info = recorder.step(info, expert.select_action(None, info))
        if watch:
            watch(info)
        if expert.done:
            return info
    raise Failed


def proprioception(info: dict[str, Any]) -> NDArray[np.float32]:
    """What the arm feels, (19,): the entries of STATE in rad, rad/s and m, opening and contact from 0 to 1; the yaw as cosine and
    sine, which do not jump."""
    yaw = info["proprio/effector_yaw"]
    names = ("joint_pos", "joint_vel", "effector_pos", "gripper_opening", "gripper_contact")
    first, velocity, position, opening, contact = (info[f"proprio/{name}"] for name in names)
    return np.concatenate([first, velocity, position, np.cos(yaw), np.sin(yaw), opening, contact]).astype(np.float32)


def nearest_frame(seconds: float, count: int) -> int:
    """The frame nearest to a time, of `count` frames."""
    return min(int(seconds * FPS + 0.5), count - 1)


def showing_frame(steps: int) -> int:
    """The first frame that shows the state after so many steps."""
    return -(-steps // KEPT)


def happened(name: str, task: str, text: str, steps: int, success: bool = True) -> Event:
    """What was so after so many steps, and not before."""
    return Event(name, task, text, steps * STEP, showing_frame(steps), success)
