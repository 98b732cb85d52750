"""Rule-based demonstrations (docs/spec.md, section 4): subgoals around the wall, then a deterministic push to each in order.

Shapes: n demonstrations of K pushes. A push lasts some saved frames, each of SKIP actions: the arm lifts, moves behind the puck,
lowers, then pushes. Subgoals and times are planned first; from then on `action` is a function of state and time alone.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing import env
from keyin_cli.datasets.pushing.geometry import FINGER_RADIUS, PUCK_RADIUS, WALL_HALF, line_clearance
from keyin_cli.datasets.pushing.records import concatenate, take

BEHIND = PUCK_RADIUS + FINGER_RADIUS + 0.02  # from the puck's centre to where the finger is lowered
SKIP = 2  # actions per saved frame
MOVE = 4  # actions from the end of a push to the finger lowered behind the puck: lift, two to move, lower
TRAVEL = 0.17  # table units that the raised finger moves in one action on the way to the first push
PASS = ((0.16, 0.26), (0.1, 0.25))  # the route goes around the wall's end at this distance from it, along and across the wall
JITTER = 0.05  # subgoals are moved sideways by at most this
GAP = 0.02  # between the wall and a puck on its way, at least
FASTEST = 0.15  # table units that a push may move the puck in one action
SHORTEST = 3  # actions that push, at least
CANDIDATES = 8  # routes sampled, of which the first that can be pushed is taken
BORDER = 0.86

Array = NDArray[np.floating[Any]]
Int = NDArray[np.int64]


@dataclass(frozen=True)
class Route:
    """Where and when n pucks are to be pushed.

    `subgoals` (n,K,2) float64, the last is the goal; `ends` (n,K), the saved frames at which they are to be reached; `pushing`
    (n,K), how many actions at the end of each push move the puck; `feasible` (n,), whether the rule can follow the route.
    """

    subgoals: Array
    ends: Int
    pushing: Int
    feasible: NDArray[np.bool_]


def numbers(pushes: int) -> int:
    """How many uniform numbers `plan` needs for one scene."""
    return 1 + CANDIDATES * (5 + pushes - 1)


def plan(scene: env.Scene, uniform: Array, pushes: int, lengths: tuple[int, int], frames: int) -> Route:
    """Sample subgoals around the wall, on its left or right with equal chances, and the saved frames of every push.

    Args:
        scene: n scenes.
        uniform: (n,numbers(pushes)).
        pushes: K.
        lengths: fewest and most saved frames of a push.
        frames: saved frames after the first; the pushes' lengths are uniform over those that fit.
    """
    side = np.where(uniform[:, 0] < 0.5, -1.0, 1.0)
    candidates = [
        _candidate(scene, side, numbers, pushes, lengths, frames) for numbers in np.split(uniform[:, 1:], CANDIDATES, axis=1)
    ]
    first = np.argmax([candidate.feasible for candidate in candidates], axis=0)
    return take(concatenate(candidates), first * len(uniform) + np.arange(len(uniform)))


def action(route: Route, step: int, puck: Array, finger: Array) -> NDArray[np.float64]:
    """The rule's action (n,3) at a step (SKIP per saved frame), from puck centres (n,2) and finger tips (n,3)."""
    left = SKIP * route.ends - step  # actions until each push is to be over
    current = np.minimum((left <= 0).sum(axis=1), route.ends.shape[1] - 1)[:, None]
    left, pushing = np.take_along_axis(left, current, 1), np.take_along_axis(route.pushing, current, 1)
    to_subgoal = np.take_along_axis(route.subgoals, current[..., None], 1)[:, 0] - puck
    distance = np.linalg.norm(to_subgoal, axis=1, keepdims=True)
    direction = to_subgoal / np.maximum(distance, 1e-9)
    push, lower, done = left <= pushing, left == pushing + 1, left <= 0
    lift = (left == pushing + MOVE) & (current > 0)  # straight up: else it would drag the puck along
    contact = puck + direction * (distance / np.maximum(left, 1) - PUCK_RADIUS - FINGER_RADIUS)
    target = np.where(push, contact, puck - BEHIND * direction)
    moved = np.where(lift | done, 0, (target - finger[:, :2]) / env.REACH)
    height = np.where((push | lower) & ~done, -1.0, 1.0)
    return np.clip(np.concatenate([moved, height], axis=1), -1, 1)


def _candidate(scene: env.Scene, side: Array, uniform: Array, pushes: int, lengths: tuple[int, int], frames: int) -> Route:
    fitting = np.array([c for c in itertools.product(range(lengths[0], lengths[1] + 1), repeat=pushes) if sum(c) <= frames])
    ends = fitting[(uniform[:, 0] * len(fitting)).astype(np.int64)].cumsum(axis=1)
    corners = _corners(scene, side, uniform[:, 1:5])
    pushing = SKIP * np.diff(ends, axis=1, prepend=0) - MOVE
    begin = scene.start - BEHIND * _unit(corners[:, 0] - scene.start)
    pushing[:, 0] += MOVE - np.ceil(np.linalg.norm(begin, axis=1) / TRAVEL).astype(np.int64) - 1
    share = pushing.cumsum(axis=1) / pushing.sum(axis=1, keepdims=True)
    subgoals = _along(np.concatenate([scene.start[:, None], corners, scene.goal[:, None]], axis=1), share, uniform[:, 5:])
    starts = np.concatenate([scene.start[:, None], subgoals[:, :-1]], axis=1)
    fast = np.linalg.norm(subgoals - starts, axis=-1) / np.maximum(pushing, 1) > FASTEST
    inside = (np.abs(subgoals) <= BORDER).all(axis=-1)
    clear = line_clearance(starts, subgoals, scene.wall[:, None]) > GAP
    return Route(subgoals, ends, pushing, (~fast & inside & clear & (pushing >= SHORTEST)).all(axis=1))


def _corners(scene: env.Scene, side: Array, uniform: Array) -> Array:
    """The two points (n,2,2) at which a route turns around the wall's end, first on the start's side, then on the goal's."""
    (near, far), (low, high) = PASS
    along = near + (far - near) * uniform[:, :2]
    across = (low + (high - low) * uniform[:, 2:]) * np.array([-1, 1])
    return scene.wall[:, None] + np.stack([side[:, None] * (WALL_HALF[0] + along), across], axis=-1)


def _along(line: Array, share: Array, uniform: Array) -> Array:
    """Points (n,K,2) at shares (n,K) of the length of polylines (n,4,2), moved sideways at random but for the last."""
    pieces = np.diff(line, axis=1)
    lengths = np.linalg.norm(pieces, axis=-1)
    reached = np.concatenate([np.zeros((len(line), 1)), lengths.cumsum(axis=1)], axis=1)
    target = share * reached[:, -1:]
    piece = (reached[:, 1:-1, None] <= target[:, None]).sum(axis=1)
    start, span, unit = (np.take_along_axis(a, piece[..., None], 1) for a in (line[:, :-1], lengths[..., None], _unit(pieces)))
    points = start + unit * np.minimum(target - np.take_along_axis(reached, piece, 1), span[..., 0])[..., None]
    points[:, -1] = line[:, -1]
    points[:, :-1] += JITTER * (2 * uniform[..., None] - 1) * np.stack([-unit[:, :-1, 1], unit[:, :-1, 0]], axis=-1)
    return points


def _unit(vector: Array) -> Array:
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)
