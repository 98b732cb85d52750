"""Controllers: one signature; iCEM's memory follows its episode; random actions heed nothing."""

from dataclasses import replace

import numpy as np
import pytest

from keyin_cli.datasets.pushing.env import Scene
from keyin_cli.planning.dynamics import TrueDynamics
from keyin_cli.planning.execution import Episodes, execute
from keyin_cli.planning.servos.servo import Settings
from keyin_cli.planning.tasks import make
from keyin_cli.registry import SERVOS

SMALL = Settings(steps=5, samples=30, horizon=4, iterations=2)


def run(
    name: str, index: list[int], scene: Scene | None = None, goals: np.ndarray | None = None, servo: Settings = SMALL
) -> Episodes:
    tasks = make(0, np.array(index))
    scene = scene or tasks.scene
    return execute(
        replace(servo, name=name), TrueDynamics(1), scene, (scene.goal if goals is None else goals)[:, None], 0, tasks.index, 1
    )


@pytest.mark.parametrize("name", list(SERVOS.cards))
def test_an_episode_does_not_depend_on_its_neighbours(name: str) -> None:
    """Nor on their end: the first task's puck is at its goal at once, and leaves."""
    together, alone = make(0, np.arange(3)), run(name, [2])
    start = np.concatenate([together.scene.goal[:1], together.scene.start[1:]])
    scene = Scene(together.scene.wall, start, together.scene.goal)
    episodes = run(name, [0, 1, 2], scene)
    assert episodes.steps.tolist() == [0, 5, 5]
    np.testing.assert_array_equal(episodes.motion[2], alone.motion[0])


def test_random_actions_do_not_depend_on_the_goal() -> None:
    first = run("random", [0, 1])
    second = run("random", [0, 1], goals=np.array([[0.9, 0.9], [-0.9, 0.9]]))
    np.testing.assert_array_equal(first.motion, second.motion)
    assert not np.array_equal(first.motion[0, :, 2:4], first.motion[1, :, 2:4])


def test_a_puck_that_nobody_moves_stays() -> None:
    episodes = run("still", [0, 1])
    np.testing.assert_allclose(episodes.path[:, -1], episodes.path[:, 0], atol=1e-9)


def test_icem_pushes_a_puck_to_a_near_goal_with_few_samples() -> None:
    tasks = make(0, np.arange(4))
    scene = Scene(tasks.scene.wall, tasks.scene.start, tasks.scene.start + np.array([0.25, 0.0]))
    servo = Settings(steps=20, samples=60, iterations=2)
    left = {
        name: np.linalg.norm(run(name, [0, 1, 2, 3], scene, servo=servo).path[:, -1] - scene.goal, axis=1).mean()
        for name in ("random", "icem")
    }
    assert left["icem"] < servo.reached + 0.05 < left["random"]
