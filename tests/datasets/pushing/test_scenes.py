import numpy as np

from keyin_cli.datasets.pushing import demonstrator, scenes
from keyin_cli.datasets.pushing.geometry import WALL_HALF, clearance, line_clearance

UNIFORM = np.random.default_rng(0).random((2000, scenes.NUMBERS))
EXTREMES = np.stack(np.meshgrid(*[[0.0, np.nextafter(1, 0)]] * scenes.NUMBERS), axis=-1).reshape(-1, scenes.NUMBERS)


def test_start_and_goal_are_on_opposite_sides_clear_of_wall_and_border() -> None:
    scene = scenes.sample(np.concatenate([UNIFORM, EXTREMES]))
    for points, side in ((scene.start, -1), (scene.goal, 1)):
        beyond = side * (points - scene.wall)[:, 1]
        assert (beyond >= scenes.ACROSS[0] - 1e-12).all()
        assert (beyond <= scenes.ACROSS[1] + 1e-12).all()
        assert (np.abs(points - scene.wall)[:, 0] <= WALL_HALF[0]).all()
        assert (clearance(points, scene.wall) > 0.1).all()
        assert (np.abs(points) <= demonstrator.BORDER).all()
    assert (line_clearance(scene.start, scene.goal, scene.wall) < 0).all()


def test_walls_starts_and_goals_all_vary() -> None:
    scene = scenes.sample(UNIFORM)
    for points, width in ((scene.wall, scenes.WALL), (scene.start - scene.wall, [scenes.ASIDE, 0.12])):
        np.testing.assert_allclose(np.ptp(points, axis=0), 2 * np.array(width), rtol=0.01)
    spread = np.concatenate([scene.wall, scene.start - scene.wall, scene.goal - scene.wall], axis=1)
    assert np.abs(np.corrcoef(spread.T) - np.eye(6)).max() < 0.1


def test_goals_drawn_for_one_scene() -> None:
    scene = scenes.sample(UNIFORM[:1])
    drawn = scenes.sample_goals(scene, UNIFORM[1:])
    np.testing.assert_array_equal(drawn.wall, np.repeat(scene.wall, len(UNIFORM) - 1, axis=0))
    np.testing.assert_array_equal(drawn.start, np.repeat(scene.start, len(UNIFORM) - 1, axis=0))
    assert len(np.unique(drawn.goal, axis=0)) == len(UNIFORM) - 1
    other = scenes.sample(UNIFORM[1:])
    np.testing.assert_allclose(drawn.goal - drawn.wall, other.goal - other.wall, atol=1e-12)
