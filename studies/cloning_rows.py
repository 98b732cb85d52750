"""The rows of studies/cloning.py: which frames are keyframes, what is learned from them, and what comes of the test tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import cloning_oracles as oracles
import numpy as np
from cloning_policy import Learned, acting, chunks, commands, going, learn, next_waypoints, poses, reach
from cloning_world import Act, Floats, Outcome, Recording, World, demonstrate, observed, perform, tasks
from numpy.typing import NDArray

from keyin_cli.datasets.ogbench.section import FPS, KEPT
from keyin_cli.discovery.peer import EFFECTOR, GRIPPER, SIGNALS, Demonstration
from keyin_cli.methods.registry import method
from keyin_cli.progress import track

ACTION = "action"
AHEAD = (1, 8)  # steps that are predicted and done until a policy looks again; 8 is what Diffusion Policy does
EVERY = {"every-5": 5}  # steps from a waypoint to the next: as many as AWE finds
WAYPOINTS = (*EVERY, "plan", "events", "rests", "awe", "uniform", "random")
LEARNED = (ACTION, *WAYPOINTS)
ORACLES = ("expert", "its waypoints", "its presses")
COMMAND, POSE = TARGETS = "command", "pose"  # what a waypoint is, see `aims`
PACE = 0.475  # s, the middle of those that the expert has in demonstrations
HELD = 10  # every so many demonstrations one is for validation


class Settings(NamedTuple):
    """How much of everything, and the seed of demonstrations and tasks."""

    episodes: int
    seeds: int
    tasks: int
    presses: int
    updates: int
    seed: int
    target: str


@dataclass(frozen=True)
class Data:
    """Demonstrations, and the controller's longest command in m, which is taken from them."""

    recordings: list[Recording]
    longest: float

    def told(self) -> dict[str, Any]:
        """What the result says of them."""
        return {
            "steps": sum(len(each.states) for each in self.recordings),
            "frames": sum(each.frames for each in self.recordings),
            "events": sum(len(each.events) for each in self.recordings),
            "longest_command_m": round(self.longest, 4),
        }


def made(world: World, settings: Settings) -> Data:
    """The demonstrations. About 0.3 s each."""
    recordings = []
    with track("demonstrations", settings.episodes) as advance:
        for index in range(settings.episodes):
            recordings.append(demonstrate(world, settings.seed, index))
            advance()
    return Data(recordings, reach([each.actions for each in recordings], world.span))


def keyframes(data: Data, row: str, seed: int = 0) -> list[NDArray[np.int64]]:
    """The keyframes of a row as steps of each demonstration, without the first step and the last frame. All rows but `EVERY` have
    keyframes at frames, every second step, for that is what methods see.

    Args:
        seed: of `random`.
    """
    if row in EVERY:
        return [np.arange(EVERY[row], last(each), EVERY[row]) for each in data.recordings]
    counts = [len(each.events) for each in data.recordings]
    if row in ("plan", "events"):
        found = [each.plans if row == "plan" else each.events for each in data.recordings]
    elif row == "uniform":
        found = [evenly(each.frames, count) for each, count in zip(data.recordings, counts, strict=True)]
    elif row == "random":
        found = [
            sorted(np.random.default_rng([seed, index]).choice(np.arange(1, each.frames - 1), count, replace=False).tolist())
            for index, (each, count) in enumerate(zip(data.recordings, counts, strict=True))
        ]
    else:
        found = by_method(data.recordings, row)
    return [np.asarray(each, np.int64) * KEPT for each in found]


def last(recording: Recording) -> int:
    """The step of an episode's last frame, which is its last waypoint."""
    return (recording.frames - 1) * KEPT


def evenly(frames: int, count: int) -> list[int]:
    """So many frames between the first and the last of an episode, evenly spaced."""
    return np.rint(np.arange(1, count + 1) * (frames - 1) / (count + 1)).astype(int).tolist()


def by_method(recordings: Sequence[Recording], name: str) -> list[list[int]]:
    """The keyframes that a method of the benchmark finds in signals, at its own number."""
    shown = [as_demonstration(each) for each in recordings]
    peer = method(name).peers[SIGNALS](shown, 0)
    return [np.flatnonzero(peer.select(peer.look(each), peer.usual)).tolist() for each in shown]


def as_demonstration(recording: Recording) -> Demonstration:
    """What methods see of a recording: its frames' signals, without pictures."""
    states = recording.states[::KEPT]
    return Demonstration(
        frames=np.zeros((len(states), 0, 0, 3), np.uint8),
        signals=states,
        fps=FPS,
        roles={EFFECTOR: states[:, 12:15], GRIPPER: states[:, 17:18]},
    )


def learned(world: World, data: Data, settings: Settings, row: str, seed: int) -> dict[str, Any]:
    """Train a row's policies with a training seed, one for each of `AHEAD`, and let them do the test tasks."""
    if row == ACTION:
        each_step: list[Floats] = [each.actions[: last(each)] for each in data.recordings]
    else:
        pairs = zip(data.recordings, keyframes(data, row, seed), strict=True)
        each_step = [aims(world, each, settings.target)[next_waypoints(steps, last(each))] for each, steps in pairs]
    found = {}
    for ahead in AHEAD:
        trained = fitted(world, data, [chunks(values, ahead) for values in each_step], settings.updates, seed)
        begin: Callable[[], Act] = (
            partial(acting, world, trained.network, ahead)
            if row == ACTION
            else partial(going, world, trained.network, ahead, data.longest)
        )
        found[str(ahead)] = told(trained) | outcomes(world, begin, settings)
    return found


def told(trained: Learned) -> dict[str, Any]:
    """What the result has of a training."""
    return {"validation": round(trained.loss, 4), "updates": trained.updates}


def aims(world: World, recording: Recording, target: str) -> NDArray[np.float32]:
    """What a waypoint at each step is, (S,6): the command of the demonstration there, or the pose that the hand has."""
    if target == POSE:
        return poses(recording.states)
    return commands(recording.states, recording.actions, world.span)


def fitted(world: World, data: Data, wanted: Sequence[Floats], updates: int, seed: int) -> Learned:
    """What a network learns to predict from all steps before each episode's last frame."""
    seen = [
        observed(each.states, each.colours, each.told, world.tops)[: len(values)]
        for each, values in zip(data.recordings, wanted, strict=True)
    ]
    held = [index % HELD == HELD - 1 for index in range(len(seen))]

    def part(which: bool) -> tuple[Floats, Floats]:
        chosen = [index for index, each in enumerate(held) if each == which]
        return np.concatenate([seen[index] for index in chosen]), np.concatenate([wanted[index] for index in chosen])

    return learn(part(False), part(True), updates, seed)


def oracle(world: World, data: Data, settings: Settings, row: str) -> dict[str, Any]:
    """Let a policy that learns nothing, and always looks, do the test tasks."""
    np.random.seed(settings.seed)  # of the expert's noise
    begins: dict[str, Callable[[], Act]] = {
        "expert": partial(oracles.expert, world, PACE),
        "its waypoints": partial(oracles.waypoints, world, PACE, data.longest),
        "its presses": partial(oracles.presses, world, PACE, data.longest),
    }
    return {str(AHEAD[0]): outcomes(world, begins[row], settings)}


def outcomes(world: World, begin: Callable[[], Act], settings: Settings) -> dict[str, Any]:
    """What comes of all test tasks, each with a policy that begins anew."""
    found: list[Outcome] = [perform(world, begin(), task) for task in tasks(settings.tasks, settings.presses, settings.seed)]
    return {
        "pressed": [list(each.pressed) for each in found],
        "steps": [list(each.steps) for each in found],
        "wrong": [each.wrong for each in found],
    }
