"""Free flight: the world while nothing in it touches, in NumPy, with MuJoCo's arithmetic and so with the same bits.

Untouched, every joint moves on its own: a damped mass, driven by its servo, integrated as MuJoCo's `implicitfast` does. Most
actions that a planner imagines meet nothing, and flying them costs little beside simulating them. In those in which bodies come
together MuJoCo takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.env import SUBSTEPS, Simulator, controls, load_model
from keyin_cli.datasets.pushing.geometry import FINGER_RADIUS, PUCK_RADIUS, WALL_HALF, WALL_HEIGHT

Array = NDArray[np.floating[Any]]
SLACK = 1e-9  # bodies this near to each other count as touching: to be on the safe side of rounding


@dataclass(frozen=True)
class Joints:
    """Constants of the joints (5,1). force = gain * control + stiffness * position + (resistance - damping) * velocity; the
    implicit integrator divides by mass + time step * (damping - resistance). `reach`: the joints' limits."""

    gain: Array
    stiffness: Array
    resistance: Array
    damping: Array
    inverse_mass: Array
    inverse_implicit: Array
    reach: Array


@lru_cache(maxsize=1)
def _joints() -> Joints:
    model = load_model()
    gain, stiffness, resistance = np.zeros((3, model.nv))
    driven = model.actuator_trnid[:, 0]
    gain[driven], stiffness[driven], resistance[driven] = (
        model.actuator_gainprm[:, 0],
        model.actuator_biasprm[:, 1],
        model.actuator_biasprm[:, 2],
    )
    mass, damping = model.body_subtreemass[model.dof_bodyid], model.dof_damping
    implicit = mass + model.opt.timestep * (damping - resistance)
    reach = np.where(model.jnt_limited.astype(bool), model.jnt_range[:, 1], np.inf)
    constants = gain, stiffness, resistance, damping, 1 / mass, 1 / implicit, reach
    return Joints(*(each[:, None] for each in constants))


def roll(simulator: Simulator, actions: Array) -> None:
    """Actions (n,l,3) in the n copies of a simulator, one after another: what `step` would do for each, bit for bit."""
    for step in range(actions.shape[1]):
        copies = fly(simulator, actions[:, step])
        if len(copies):
            simulator.step(actions[copies, step], copies)


def fly(simulator: Simulator, action: Array) -> NDArray[np.intp]:
    """One action (n,3) in those copies in which nothing touches meanwhile; the others (m,), increasing, stay where they are."""
    state = simulator.position, simulator.velocity, simulator.wall
    position, velocity, acceleration, free = _act(*state, action)
    simulator.position[free], simulator.velocity[free] = position[free], velocity[free]
    simulator.acceleration[free] = acceleration[free]
    return np.flatnonzero(~free)


def _act(position: Array, velocity: Array, wall: Array, action: Array) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """One action (n,3): position, velocity and acceleration (n,5) after it, had nothing touched, and whether nothing did (n,)."""
    joints, time_step = _joints(), load_model().opt.timestep
    driving = np.zeros((position.shape[1], len(position)))
    driving[2:] = joints.gain[2:] * controls(position[:, 2:4], action).T
    position, velocity, wall = (np.ascontiguousarray(each.T) for each in (position, velocity, wall))  # a row per joint is faster
    force, free = driving, np.ones(position.shape[1], dtype=np.bool_)
    for _ in range(SUBSTEPS):
        free &= ~touching(position, wall, joints.reach)
        force = driving + (joints.stiffness * position + joints.resistance * velocity) - joints.damping * velocity
        velocity = velocity + time_step * (force * joints.inverse_implicit)
        position = position + time_step * velocity
    return position.T, velocity.T, (force * joints.inverse_mass).T, free


def touching(position: Array, wall: Array, reach: Array) -> NDArray[np.bool_]:
    """Whether puck, finger, wall or a joint's limit may touch each other (n,), in positions (5,n) with walls (2,n)."""
    puck, finger, height = position[:2], position[2:4], position[4]
    apart = puck - finger
    together: NDArray[np.bool_] = _squared(apart) + height * height <= (PUCK_RADIUS + FINGER_RADIUS + SLACK) ** 2
    together |= (np.abs(position) >= reach - SLACK).any(axis=0)
    return together | _near(puck, wall, PUCK_RADIUS) | (_near(finger, wall, FINGER_RADIUS) & (height <= WALL_HEIGHT + SLACK))


def _near(point: Array, wall: Array, radius: float) -> NDArray[np.bool_]:
    """Whether a disc around a point (2,n) meets the wall (2,n)."""
    return _squared(np.maximum(np.abs(point - wall) - WALL_HALF[:, None], 0)) <= (radius + SLACK) ** 2


def _squared(vector: Array) -> Array:
    """Squared lengths (n,) of (2,n)."""
    squared: Array = vector[0] * vector[0] + vector[1] * vector[1]
    return squared
