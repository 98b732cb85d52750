"""The wall as the puck's centre meets it: a rectangle inflated by the puck's radius, and exact shortest paths around it.

The inflated wall is convex, so a shortest path is either the straight line or the shorter of two taut strings: a tangent to
the inflated wall, a piece of its boundary, a tangent. Points and wall centres are (...,2) in table units and broadcast;
angles are in radians.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PUCK_RADIUS = 0.1
FINGER_RADIUS = 0.05
WALL_HALF = np.array([0.5, 0.04])  # half the wall's length, along x, and half its thickness
WALL_HEIGHT = 0.1  # the finger, lifted this far, is above it

Array = NDArray[np.floating[Any]]
CORNERS = WALL_HALF * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])  # counter-clockwise
SIDES = 2 * WALL_HALF[[1, 0, 1, 0]]  # lengths of the straight pieces of the boundary, each before the corner of its index
TOUCHING = 1e-9  # a line this deep inside the inflated wall is not blocked by it


def clearance(point: Array, wall: Array) -> Array:
    """Gap between the wall and a puck centred at `point`, negative where they overlap: (...)."""
    outside = np.abs(point - wall) - WALL_HALF
    return np.linalg.norm(np.maximum(outside, 0), axis=-1) + np.minimum(outside.max(axis=-1), 0) - PUCK_RADIUS


def line_clearance(start: Array, end: Array, wall: Array) -> Array:
    """Smallest gap between the wall and a puck moved straight from start to end; -PUCK_RADIUS where its centre meets it."""
    start, end = start - wall, end - wall
    line = end - start
    squared = np.maximum((line**2).sum(axis=-1), 1e-300)[..., None]
    share = np.clip(((CORNERS - start[..., None, :]) * line[..., None, :]).sum(axis=-1) / squared, 0, 1)
    nearest = start[..., None, :] + share[..., None] * line[..., None, :]
    to_corners = np.linalg.norm(nearest - CORNERS, axis=-1).min(axis=-1) - PUCK_RADIUS
    gap = np.minimum(to_corners, np.minimum(clearance(start, np.zeros(2)), clearance(end, np.zeros(2))))
    return np.where(_meets(start, line), np.minimum(gap, -PUCK_RADIUS), gap)


def shortest_path(start: Array, end: Array, wall: Array) -> Array:
    """Length of the shortest path of the puck's centre from start to end: (...).

    A point inside the inflated wall (contacts are soft) counts as the nearest point outside.
    """
    start, end = _outside(start - wall), _outside(end - wall)
    straight = np.linalg.norm(end - start, axis=-1)
    blocked = line_clearance(start, end, np.zeros(2)) < -TOUCHING
    return np.where(blocked, np.minimum(_string(start, end), _string(end, start)), straight)


def _string(start: Array, end: Array) -> Array:
    """Length of the taut string from start to end that keeps the wall (centred at 0) on its left: (...)."""
    first, leaving, to_wall = _tangent(start, -1)
    last, reaching, from_wall = _tangent(end, 1)
    turned = (last - first) % (2 * np.pi)
    corners = (reaching - leaving) % 4 + 4 * ((reaching == leaving) & (turned > np.pi))
    passed = (np.arange(4) - leaving[..., None] - 1) % 4 < corners[..., None]
    return to_wall + PUCK_RADIUS * turned + (passed * SIDES).sum(axis=-1) + from_wall


def _tangent(point: Array, turn: int) -> tuple[Array, NDArray[np.int64], Array]:
    """The tangent from a point to the inflated wall, the wall on its left (turn -1) or right (+1).

    Returns:
        The direction that the boundary faces where it is touched (...), at which corner that is (...), and the tangent's
        length (...). Angles alone would not tell whether a side is passed that a tangent runs along.
    """
    to_corners = CORNERS - point[..., None, :]
    distance = np.linalg.norm(to_corners, axis=-1)
    direction = np.arctan2(to_corners[..., 1], to_corners[..., 0]) + turn * np.arcsin(np.minimum(PUCK_RADIUS / distance, 1))
    to_centre = np.arctan2(-point[..., 1], -point[..., 0])[..., None]
    aside = turn * ((direction - to_centre + np.pi) % (2 * np.pi) - np.pi)
    outermost = aside.argmax(axis=-1)[..., None]
    length = np.sqrt(np.maximum(np.take_along_axis(distance, outermost, -1) ** 2 - PUCK_RADIUS**2, 0))
    return np.take_along_axis(direction, outermost, -1)[..., 0] + turn * np.pi / 2, outermost[..., 0], length[..., 0]


def _meets(start: Array, line: Array) -> NDArray[np.bool_]:
    """Whether the segment `start` to `start + line` meets the wall (centred at 0) itself: the slab test."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        near, far = np.sort(np.stack([(side * WALL_HALF - start) / line for side in (-1, 1)]), axis=0)
    parallel_outside = ((line == 0) & (np.abs(start) > WALL_HALF)).any(axis=-1)
    near, far = (np.where(line == 0, limit, share) for limit, share in ((-np.inf, near), (np.inf, far)))
    enters, leaves = np.maximum(near.max(axis=-1), 0), np.minimum(far.min(axis=-1), 1)
    return (enters <= leaves) & ~parallel_outside


def _outside(point: Array) -> Array:
    """A point inside the inflated wall (centred at 0) moved to the nearest point of its boundary; others stay."""
    on_wall = np.clip(point, -WALL_HALF, WALL_HALF)
    away = point - on_wall
    distance = np.linalg.norm(away, axis=-1, keepdims=True)
    beside = on_wall + away * PUCK_RADIUS / np.maximum(distance, TOUCHING)
    across = np.stack([point[..., 0], np.where(point[..., 1] < 0, -1, 1) * (WALL_HALF[1] + PUCK_RADIUS)], axis=-1)
    moved = np.where(distance > TOUCHING, beside, across)  # inside the wall itself, the way across is taken
    return np.where(distance < PUCK_RADIUS, moved, point)
