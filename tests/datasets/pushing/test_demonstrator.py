import numpy as np
import pytest

from keyin_cli.datasets.pushing import demonstrator, env, scenes
from keyin_cli.datasets.pushing.geometry import line_clearance
from keyin_cli.datasets.pushing.records import take

PUSHES, LENGTHS, FRAMES = 6, (4, 6), 30
RNG = np.random.default_rng(0)
SCENES = scenes.sample(RNG.random((400, scenes.NUMBERS)))
ROUTES = demonstrator.plan(SCENES, RNG.random((400, demonstrator.numbers(PUSHES))), PUSHES, LENGTHS, FRAMES)
POSSIBLE = np.flatnonzero(ROUTES.feasible)


def test_nearly_every_scene_has_a_route() -> None:
    assert ROUTES.feasible.mean() > 0.95


def test_routes_are_clear_of_the_wall_and_the_border_and_end_at_the_goal() -> None:
    scene, route = take(SCENES, POSSIBLE), take(ROUTES, POSSIBLE)
    starts = np.concatenate([scene.start[:, None], route.subgoals[:, :-1]], axis=1)
    assert line_clearance(starts, route.subgoals, scene.wall[:, None]).min() > demonstrator.GAP
    assert np.abs(route.subgoals).max() <= demonstrator.BORDER
    np.testing.assert_allclose(route.subgoals[:, -1], scene.goal, atol=1e-9)


def test_both_sides_of_the_wall_are_taken() -> None:
    places = np.concatenate([SCENES.start[:, None], ROUTES.subgoals], axis=1) - SCENES.wall[:, None]
    beyond = (places[..., 1] > 0).argmax(axis=1)  # the first subgoal on the far side
    left = np.mean((places[np.arange(400), beyond, 0] + places[np.arange(400), beyond - 1, 0]) < 0)
    assert 0.4 <= left <= 0.6


def test_lengths_of_pushes() -> None:
    lengths = np.diff(ROUTES.ends, axis=1, prepend=0)
    assert set(lengths.ravel()) == {4, 5, 6}
    assert ROUTES.ends.max() <= FRAMES
    assert (ROUTES.pushing <= demonstrator.SKIP * lengths).all()
    assert ROUTES.pushing[POSSIBLE].min() >= demonstrator.SHORTEST


def test_a_route_depends_on_its_own_scene_and_numbers_alone() -> None:
    numbers = np.random.default_rng(1).random((6, demonstrator.numbers(PUSHES)))
    together = demonstrator.plan(take(SCENES, np.arange(6)), numbers, PUSHES, LENGTHS, FRAMES)
    alone = demonstrator.plan(take(SCENES, np.array([4])), numbers[4:5], PUSHES, LENGTHS, FRAMES)
    for name in ("subgoals", "ends", "pushing", "feasible"):
        np.testing.assert_array_equal(getattr(together, name)[4:5], getattr(alone, name))


def test_the_rule_lifts_moves_behind_lowers_and_pushes() -> None:
    """One push of 6 actions to the right, planned by hand; the finger comes from a push before that ended left of the puck."""
    route = demonstrator.Route(
        subgoals=np.array([[[0.0, 0.0], [0.3, 0.0]]]),
        ends=np.array([[4, 9]]),
        pushing=np.array([[4, 6]]),
        feasible=np.array([True]),
    )
    puck, low = np.array([[0.0, 0.0]]), np.array([[0.0, -0.15, 0.0]])
    behind = np.array([[-demonstrator.BEHIND, 0.0, 0.0]])
    lift = demonstrator.action(route, 8, puck, low)
    np.testing.assert_array_equal(lift, [[0, 0, 1]])
    move = demonstrator.action(route, 9, puck, low)
    np.testing.assert_allclose(move[0, :2] * env.REACH, behind[0, :2] - low[0, :2], atol=1e-12)
    assert move[0, 2] == 1
    lower = demonstrator.action(route, 11, puck, behind)
    np.testing.assert_allclose(lower, [[0, 0, -1]], atol=1e-12)
    push = demonstrator.action(route, 12, puck, behind)
    assert push[0, 0] > 0
    assert push[0, 1:].tolist() == [0, -1]
    done = demonstrator.action(route, 18, puck, behind)
    np.testing.assert_array_equal(done, [[0, 0, 1]])


@pytest.mark.parametrize("step", [0, 7, 30, 59])
def test_actions_are_bounded(step: int) -> None:
    wild = np.random.default_rng(step).uniform(-2, 2, (400, 5))
    action = demonstrator.action(ROUTES, step, wild[:, :2], wild[:, 2:])
    assert action.shape == (400, env.ACTION_SIZE)
    assert np.abs(action).max() <= 1
