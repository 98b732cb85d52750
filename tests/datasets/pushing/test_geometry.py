"""Exactness: against a finely sampled inflated wall, whose convex hull with the two ends is the two taut strings."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keyin_cli.datasets.pushing.geometry import CORNERS, PUCK_RADIUS, WALL_HALF, clearance, line_clearance, shortest_path

Points = st.tuples(*[st.floats(-1, 1)] * 2).map(np.array)
Walls = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)).map(np.array)


def boundary(pieces: int = 256) -> np.ndarray:
    """Points on the boundary of the inflated wall, centred at 0, counter-clockwise: its corners' arcs in `pieces` pieces."""
    quarter = np.linspace(0, np.pi / 2, pieces + 1)
    facing = quarter + np.pi / 2 * np.arange(4)[:, None]
    return (CORNERS[:, None] + PUCK_RADIUS * np.stack([np.cos(facing), np.sin(facing)], axis=-1)).reshape(-1, 2)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def strings(start: np.ndarray, end: np.ndarray, outline: np.ndarray) -> tuple[float, float]:
    """Lengths of the two chains of the convex hull of an outline and two points, between these."""
    points = np.array(sorted(map(tuple, np.concatenate([outline, [start, end]]))))
    hull: list[np.ndarray] = []
    for half in (points, points[::-1]):
        chain: list[np.ndarray] = []
        for point in half:
            while len(chain) > 1 and cross(chain[-1] - chain[-2], point - chain[-1]) <= 0:
                chain.pop()
            chain.append(point)
        hull += chain[:-1]
    ring = np.array(hull)
    first, last = (int(np.flatnonzero((ring == point).all(axis=1))[0]) for point in (start, end))
    ring, last = np.roll(ring, -first, axis=0), (last - first) % len(ring)
    sides = np.linalg.norm(np.diff(ring, axis=0, append=ring[:1]), axis=1)
    return sides[:last].sum(), sides[last:].sum()


def outside(rng: np.random.Generator, n: int) -> np.ndarray:
    points = rng.uniform(-1, 1, (4 * n, 2))
    return points[clearance(points, np.zeros(2)) > 1e-6][:n]


@pytest.mark.parametrize("seed", range(2))
def test_a_shortest_path_is_the_shorter_string_or_straight(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wall = rng.uniform(-0.15, 0.15, 2)
    starts, ends = outside(rng, 150), outside(rng, 150)
    sampled = starts[:, None] + np.linspace(0, 1, 2001)[:, None] * (ends - starts)[:, None]
    blocked = clearance(sampled, np.zeros(2)).min(axis=1) < 0
    outline = boundary()
    expected = np.linalg.norm(ends - starts, axis=1)
    expected[blocked] = [min(strings(starts[index], ends[index], outline)) for index in np.flatnonzero(blocked)]
    assert 30 < blocked.sum() < 120
    np.testing.assert_allclose(shortest_path(wall + starts, wall + ends, wall), expected, atol=1e-5)


def test_a_path_that_can_be_worked_out_by_hand() -> None:
    """Straight up to the wall's middle and around its end: two tangents, a piece of two arcs, the short side."""
    start, end = np.array([0.0, -0.5]), np.array([0.0, 0.5])
    to_corner = WALL_HALF - [0, 0.5]
    tangent = np.sqrt(to_corner @ to_corner - PUCK_RADIUS**2)
    facing = np.arctan2(to_corner[1], to_corner[0]) + np.arcsin(PUCK_RADIUS / np.linalg.norm(to_corner)) + np.pi / 2
    expected = 2 * tangent + 2 * PUCK_RADIUS * facing + 2 * WALL_HALF[1]
    np.testing.assert_allclose(shortest_path(start, end, np.zeros(2)), expected, rtol=1e-12)


@given(Points, Points, Points, Walls)
@example(np.array([0.0, -4.9e-16]), np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 0.04]))  # on the wall, but for rounding
@settings(max_examples=300, deadline=None)
def test_shortest_path_is_a_metric_above_the_straight_line(a: np.ndarray, b: np.ndarray, c: np.ndarray, wall: np.ndarray) -> None:
    there, back = shortest_path(a, b, wall), shortest_path(b, a, wall)
    np.testing.assert_allclose(there, back, atol=1e-7)
    assert there <= shortest_path(a, c, wall) + shortest_path(c, b, wall) + 1e-7
    assert shortest_path(a, a, wall) == 0
    if min(clearance(a, wall), clearance(b, wall)) > 0:
        straight = np.linalg.norm(b - a)
        assert there >= straight - 1e-7
        if line_clearance(a, b, wall) > 0:
            assert there == pytest.approx(straight, abs=1e-12)


def test_a_point_inside_the_inflated_wall_counts_as_the_nearest_outside() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.65, 0.65, (4000, 2))
    gap = clearance(points, np.zeros(2))
    points = points[(gap < 0) & (gap > -PUCK_RADIUS)][:200]
    outline = boundary(pieces=64)
    ring = (outline + np.linspace(0, 1, 500)[:, None, None] * (np.roll(outline, -1, axis=0) - outline)).reshape(-1, 2)
    nearest = ring[[np.linalg.norm(ring - point, axis=1).argmin() for point in points]]
    goal = np.array([0.3, 0.6])
    np.testing.assert_allclose(
        shortest_path(points, goal, np.zeros(2)), shortest_path(nearest * (1 + 1e-9), goal, np.zeros(2)), atol=2e-3
    )


def test_inside_the_wall_itself_lengths_stay_finite() -> None:
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9) * half for half in WALL_HALF]), axis=-1)
    lengths = shortest_path(grid, np.array([0.2, 0.7]), np.zeros(2))
    assert np.isfinite(lengths).all()
    assert (lengths >= 0.7 - WALL_HALF[1] - PUCK_RADIUS - 1e-12).all()


def test_clearance_is_the_distance_to_the_nearest_point_of_the_wall() -> None:
    rng = np.random.default_rng(1)
    points, wall = rng.uniform(-1, 1, (300, 2)), np.array([0.1, -0.05])
    edge = np.linspace(-1, 1, 2001)[:, None] * WALL_HALF
    sides = [np.stack([edge[:, 0], np.full(2001, y)], axis=1) for y in WALL_HALF[1] * np.array([-1, 1])]
    ends = [np.stack([np.full(2001, x), edge[:, 1]], axis=1) for x in WALL_HALF[0] * np.array([-1, 1])]
    distance = np.linalg.norm(points[:, None] - (wall + np.concatenate(sides + ends)), axis=-1).min(axis=1)
    inside = (np.abs(points - wall) < WALL_HALF).all(axis=1)
    np.testing.assert_allclose(clearance(points, wall), np.where(inside, -distance, distance) - PUCK_RADIUS, atol=1e-4)
    assert inside.any()


@given(Points, Points, Walls)
@settings(max_examples=300, deadline=None)
def test_line_clearance_is_the_smallest_along_the_line(start: np.ndarray, end: np.ndarray, wall: np.ndarray) -> None:
    along = clearance(start + np.linspace(0, 1, 4001)[:, None] * (end - start), wall).min()
    exact = line_clearance(start, end, wall)
    along, exact = max(along, -PUCK_RADIUS), max(exact, -PUCK_RADIUS)  # how deep inside the wall itself is not told
    assert exact <= along + 1e-12  # the samples are some of the line's points
    assert exact == pytest.approx(along, abs=5e-4)


def test_line_clearance_of_no_line_is_that_of_its_point() -> None:
    points = outside(np.random.default_rng(3), 100)
    np.testing.assert_array_equal(line_clearance(points, points, np.zeros(2)), clearance(points, np.zeros(2)))
    there, back = (line_clearance(a, b, np.zeros(2)) for a, b in ((points, points[::-1]), (points[::-1], points)))
    np.testing.assert_allclose(there, back, atol=1e-12)


def test_shapes_broadcast() -> None:
    rng = np.random.default_rng(2)
    starts, ends, walls = rng.uniform(-1, 1, (3, 1, 2)), rng.uniform(-1, 1, (4, 2)), rng.uniform(-0.1, 0.1, (2, 1, 1, 2))
    for function in (shortest_path, line_clearance):
        together = function(starts, ends, walls)
        assert together.shape == (2, 3, 4)
        assert together[1, 2, 3] == function(starts[2, 0], ends[3], walls[1, 0, 0])
