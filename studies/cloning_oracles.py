"""Policies of studies/cloning.py that learn nothing: they show what the task, and the controller, allow."""

from __future__ import annotations

from typing import Any

import cloning_world
import numpy as np
from cloning_policy import poses, towards
from cloning_world import NONE, Act, Floats, World
from numpy.typing import NDArray

NEAR = 0.01  # m, from a waypoint, where the next one's turn comes
CLOSED = 1.0  # the gripper, as the expert has it


def expert(world: World, pace: float) -> Act:
    """OGBench's expert for buttons itself, noise and all, at one pace: it presses, moves away as it does in demonstrations, and
    turns to the button that is told by then."""
    from keyin_cli.datasets.ogbench import worlds

    plans: list[Any] = []

    def act(info: dict[str, Any], told: int) -> Floats:
        if not plans or plans[0].done:
            plans[:] = [worlds.ButtonPlanOracle(env=world.env, segment_dt=pace, gripper_always_closed=True)]
            plans[0].reset(None, aimed(world, info, told))
        return np.asarray(plans[0].select_action(None, info))

    return act


def waypoints(world: World, pace: float, longest: float) -> Act:
    """The controller, which is given the waypoints of the expert's plans, without the noise that the expert adds: above the
    button, down, above it again, and then those for the button that is told by then. It is not told to move away."""
    left: list[NDArray[np.float64]] = []
    before = [NONE]

    def act(info: dict[str, Any], told: int) -> Floats:
        pose = poses(world.feel(info))
        if left and np.linalg.norm(left[0][:3] - pose[:3]) < NEAR:
            left.pop(0)
        if told != before[0]:  # the plan's press is below where the button stops the hand
            del left[:-1]
            before[0] = told
        if not left:
            left.extend(plan(world, aimed(world, info, told), pace, pose))
        return towards(pose, left[0], longest, world.span)

    return act


def presses(world: World, pace: float, longest: float) -> Act:
    """The controller, which is given the place of the next press alone: what a policy does that has learned events perfectly."""

    def act(info: dict[str, Any], told: int) -> Floats:
        pose = poses(world.feel(info))
        return towards(pose, plan(world, aimed(world, info, told), pace, pose)[1], longest, world.span)

    return act


def aimed(world: World, info: dict[str, Any], told: int) -> dict[str, Any]:
    """What OGBench says, with the told button as the target."""
    return info | {"privileged/target_button_top_pos": world.tops[told]}


def plan(world: World, info: dict[str, Any], pace: float, pose: Floats) -> list[NDArray[np.float64]]:
    """The waypoints of the expert's plan without the first, where the hand is, and the last, which is anywhere; each (6,) as
    `poses` has them, with the yaw that the hand has, for the buttons are round."""
    from keyin_cli.datasets.ogbench import worlds

    expert = worlds.ButtonPlanOracle(env=world.env, segment_dt=pace, gripper_always_closed=True)
    places = cloning_world.plan(expert, info)[1]
    return [np.array([*places[name].translation(), *pose[3:5], CLOSED]) for name in ("press_start", "press", "press_end")]
