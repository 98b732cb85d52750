"""The servo: subgoals in order, time-outs, and episodes that do not depend on what runs beside them."""

from dataclasses import replace

import numpy as np
import pytest

from keyin_cli.datasets.pushing.env import LIFT, Scene
from keyin_cli.planning.dynamics import TrueDynamics
from keyin_cli.planning.execution import Episodes, _next, execute
from keyin_cli.planning.servos import servo
from keyin_cli.planning.servos.servo import Settings as Servo
from keyin_cli.planning.tasks import Tasks, make
from keyin_cli.registry import SERVOS

SMALL = Servo(steps=6, samples=40, horizon=4, iterations=2)


def run(tasks: Tasks, servo: Servo = SMALL, seed: int = 0, threads: int = 1, subgoals: np.ndarray | None = None) -> Episodes:
    goals = tasks.demonstrated if subgoals is None else subgoals
    return execute(servo, TrueDynamics(threads), tasks.scene, goals, seed, tasks.index, threads)


def test_an_episode_does_not_depend_on_its_neighbours_or_threads() -> None:
    together, alone = run(make(0, np.arange(3)), threads=2), run(make(0, np.array([1])), threads=1)
    np.testing.assert_array_equal(together.path[1], alone.path[0])


def test_another_seed_samples_other_actions() -> None:
    tasks = make(0, np.arange(1))
    servo = replace(SMALL, steps=12, samples=100)
    assert not np.array_equal(run(tasks, servo).path, run(tasks, servo, seed=1).path)


def test_the_next_subgoal_is_taken_when_reached_or_after_too_long() -> None:
    """Up to the goal, which is the last one and is never left."""
    subgoals = np.array([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]] * 9)
    near = [[0.0, 0.05], [1.0, 0.05], [1.0, 0.95]]
    puck = np.array([near[0], [0.5, 0.0], [0.5, 0.0], near[1], [0.5, 0.0], [0.5, 0.0], near[2], [0.0, 0.5], [0.08, 0.08]])
    current, spent = np.array([0, 0, 0, 1, 1, 1, 2, 0, 0]), np.array([3, 9, 10, 3, 9, 10, 10, 1, 1])
    following, used = _next(Servo(), puck, subgoals, current, spent)
    np.testing.assert_array_equal(following, [1, 0, 1, 2, 1, 2, 2, 0, 0])
    np.testing.assert_array_equal(used, [1, 10, 1, 1, 10, 1, 11, 2, 2])


def test_the_goal_is_gone_for_after_the_last_subgoal() -> None:
    tasks = make(0, np.arange(1))
    subgoals = np.stack([tasks.scene.start, tasks.scene.start, tasks.scene.goal], axis=1)
    episodes = run(tasks, subgoals=subgoals)
    np.testing.assert_array_equal(episodes.current, [[1, 2, 2, 2, 2, 2]])


def test_every_action_is_for_the_current_subgoal_of_its_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The controller is asked for the running episodes alone, step by step, and what it says is done."""
    asked: list[tuple[np.ndarray, list[int], int]] = []

    class Recorded:
        def __init__(self, *given: object) -> None: ...

        def act(self, states: np.ndarray, targets: np.ndarray, rows: np.ndarray, step: int) -> np.ndarray:
            assert len(states) == len(rows)
            asked.append((targets, rows.tolist(), step))
            return np.array([[0.5, -0.5, 0.0]] * len(rows))

    monkeypatch.setattr(SERVOS, "get", lambda name: servo.Servo(name, "records what it is asked", Recorded))
    tasks = make(0, np.arange(3))
    subgoals = tasks.demonstrated[:, [1, 3, -1]].copy()
    subgoals[1, -1] = tasks.scene.start[1]  # is there at once
    episodes = run(tasks, replace(SMALL, name="recorded", subgoal_steps=2), subgoals=subgoals)
    np.testing.assert_array_equal(episodes.current[[0, 2]], [[0, 0, 1, 1, 2, 2]] * 2)
    assert [rows for _, rows, _ in asked] == [[0, 2]] * 6
    assert [step for _, _, step in asked] == list(range(6))
    np.testing.assert_array_equal([targets for targets, _, _ in asked], subgoals[[0, 2]].swapaxes(0, 1)[[0, 0, 1, 1, 2, 2]])
    moved = episodes.motion[:, -1, 2:4] - episodes.motion[:, 0, 2:4]
    assert (moved[[0, 2], 0] > 0.1).all()
    assert (moved[[0, 2], 1] < -0.1).all()
    np.testing.assert_array_equal(moved[1], 0)


def test_a_puck_at_its_goal_ends_the_episode_at_once() -> None:
    tasks = make(0, np.arange(2))
    scene = Scene(tasks.scene.wall, np.stack([tasks.scene.goal[0], tasks.scene.start[1]]), tasks.scene.goal)
    episodes = execute(SMALL, TrueDynamics(1), scene, tasks.scene.goal[:, None], 0, tasks.index, 1)
    np.testing.assert_array_equal(episodes.steps, [0, SMALL.steps])
    np.testing.assert_array_equal(episodes.path[0], np.repeat(scene.start[:1], SMALL.steps + 1, axis=0))


def test_what_was_done_is_told_for_pictures() -> None:
    """Each step's subgoal, and where the finger was: at the centre and raised first, then wherever the actions sent it."""
    tasks = make(0, np.arange(2))
    episodes = run(tasks, replace(SMALL, subgoal_steps=2))
    np.testing.assert_array_equal(episodes.current, [[0, 0, 1, 1, 2, 2]] * 2)
    np.testing.assert_allclose(episodes.motion[:, 0, 2:], [[0, 0, LIFT]] * 2)
    assert (np.abs(np.diff(episodes.motion[:, :, 2:4], axis=1)).max(axis=2) > 0.01).all()
    np.testing.assert_array_equal(episodes.path, episodes.motion[..., :2])


def test_a_short_push_succeeds() -> None:
    tasks = make(0, np.arange(4))
    goal = tasks.scene.start + np.array([0.25, 0.0])
    scene = Scene(tasks.scene.wall, tasks.scene.start, goal)
    servo = Servo(steps=25, samples=100)
    episodes = execute(servo, TrueDynamics(0), scene, goal[:, None], 0, tasks.index)
    left = np.linalg.norm(episodes.path[:, -1] - goal, axis=1)
    assert (left <= servo.reached).sum() >= 3
    assert (episodes.steps < servo.steps).sum() >= 3


def test_dynamics_are_the_world_itself() -> None:
    """The servo imagines exactly what happens: one sample's actions in both."""
    from keyin_cli.datasets.pushing.env import Simulator

    tasks = make(0, np.arange(2))
    world = Simulator(2, 1)
    world.reset(tasks.scene)
    actions = np.random.default_rng(0).uniform(-1, 1, (2, 3, 7, 3))
    dynamics = TrueDynamics(2)
    imagined = dynamics(world.state, actions)
    assert dynamics.steps == 2 * 3 * 7
    for step in range(7):
        world.step(actions[:, 1, step])
    np.testing.assert_array_equal(imagined[:, 1], world.puck)
