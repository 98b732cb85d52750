import numpy as np
import pytest

from keyin_cli.datasets.pushing import sequences
from keyin_cli.datasets.pushing.env import LIFT
from keyin_cli.datasets.pushing.geometry import clearance
from keyin_cli.datasets.pushing.render import shared
from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.pushing.segment import (
    arm_coverage,
    project,
    puck_centre,
    puck_coverage,
    unproject,
    wall_centre,
    wall_coverage,
)

SIZE = 64


def error(frames: np.ndarray, puck: np.ndarray) -> np.ndarray:
    """Pixels (n) between the puck found in frames (n,H,W,3) and the true one (n,2)."""
    return np.linalg.norm(puck_centre(frames) - project(puck, frames.shape[-2]), axis=-1)


def below_the_arm(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Random states (n,5), most with the raised finger right above a part of the puck, and walls (n,2) clear of the puck."""
    rng = np.random.default_rng(0)
    puck, wall = rng.uniform(-0.9, 0.9, (2 * n, 2)), rng.uniform(-1, 1, (2 * n, 2)) * [0.15, 0.1]
    clear = np.flatnonzero(clearance(puck, wall) > 0)[:n]
    angle, distance = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 0.2, n)
    beside = (distance * np.stack([np.cos(angle), np.sin(angle)])).T
    return np.concatenate([puck[clear], puck[clear] + beside, np.full((n, 1), LIFT)], axis=1), wall[clear]


@pytest.mark.parametrize("size", [32, 64, 100])
def test_project_and_unproject_are_inverse(size: int) -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (3, 5, 2))
    np.testing.assert_allclose(unproject(project(points, size), size), points, atol=1e-12)
    np.testing.assert_allclose(project(np.zeros(2), size), size / 2)
    right, up = project(np.array([0.5, 0.0]), size), project(np.array([0.0, 0.5]), size)
    assert right[0] > size / 2 > up[1]


def test_the_puck_is_found_in_demonstrations() -> None:
    demos = sequences.demonstrate(PushingData(n=20), np.arange(20))
    states, walls = demos.states.reshape(-1, 10), np.repeat(demos.scene.wall, 31, axis=0)
    assert error(shared(SIZE).frames(states, walls), states[:, :2]).max() < 0.7


def test_the_puck_is_found_below_the_raised_arm() -> None:
    states, walls = below_the_arm(1000)
    frames = shared(SIZE).frames(states, walls)
    assert (np.linalg.norm(states[:, :2] - states[:, 2:4], axis=1) < 0.1).sum() > 300
    assert error(frames, states[:, :2]).max() < 0.7


def test_the_arm_hides_a_part_that_is_completed() -> None:
    """Where the mean of what is seen of the puck would be off by more than the tolerance, its centre is found all the same."""
    states, walls = below_the_arm(300)
    frames, true = shared(SIZE).frames(states, walls), project(states[:, :2], SIZE)
    coverage, pixels = puck_coverage(frames), np.arange(SIZE) + 0.5
    total = coverage.sum(axis=(1, 2))
    seen = np.stack([(coverage.sum(axis=1) @ pixels) / total, (coverage.sum(axis=2) @ pixels) / total], axis=1)
    off = np.linalg.norm(seen - true, axis=1)
    hidden = off > 0.7
    assert hidden.sum() > 50
    completed = np.linalg.norm(puck_centre(frames[hidden]) - true[hidden], axis=1)
    assert completed.max() < 0.45
    assert completed.mean() < 0.3 * off[hidden].mean()


@pytest.mark.parametrize("size", [32, 128])
def test_other_sizes(size: int) -> None:
    states, walls = below_the_arm(60)
    assert error(shared(size).frames(states, walls), states[:, :2]).max() < 1


def test_images_of_floats_as_a_decoder_makes_them() -> None:
    states, walls = below_the_arm(20)
    frames = shared(SIZE).frames(states, walls)
    np.testing.assert_allclose(puck_centre(frames.astype(np.float64)), puck_centre(frames))
    blurred = (frames + np.roll(frames, 1, axis=1).astype(np.float32) + np.roll(frames, -1, axis=1)) / 3
    assert error(blurred, states[:, :2]).max() < 1


def test_a_frame_without_a_puck_has_no_centre() -> None:
    away = np.array([[3.0, 3.0, 0.2, -0.4, 0.0]])
    frames = np.concatenate([shared(SIZE).frames(away, np.zeros((1, 2))), np.zeros((2, SIZE, SIZE, 3), np.uint8)])
    assert np.isnan(puck_centre(frames)).all()
    states, walls = below_the_arm(1)
    mixed = np.concatenate([frames[:1], shared(SIZE).frames(states, walls)])
    assert np.isnan(puck_centre(mixed)).tolist() == [[True, True], [False, False]]


def test_coverage_counts_pixels() -> None:
    """Discs of radius 0.1 and 0.06 of a view 2.1 wide."""
    apart = np.array([[-0.5, -0.5, 0.5, -0.5, 0.0], [-0.5, -0.5, 0.5, -0.5, LIFT]])
    frames = shared(SIZE).frames(apart, np.zeros((2, 2)))
    table = (SIZE / 2.1) ** 2 * np.pi
    np.testing.assert_allclose(puck_coverage(frames).sum(axis=(1, 2)), table * 0.1**2, rtol=0.1)
    around_arm = arm_coverage(frames)[:, SIZE // 2 + 4 :]  # of the wall, a little counts as arm
    np.testing.assert_allclose(around_arm.sum(axis=(1, 2)), table * 0.06**2, rtol=0.15)


# ---------------------------------------------------------------- the wall


@pytest.mark.parametrize("size", [64, 128])
def test_the_wall_is_found_below_the_arm_where_it_starts(size: int) -> None:
    states, walls = below_the_arm(100)
    start = np.concatenate([states[:, :2], np.zeros((100, 2)), np.full((100, 1), LIFT)], axis=1)
    assert np.linalg.norm(wall_centre(shared(size).frames(start, walls)) - project(walls, size), axis=1).max() < 0.5


def test_a_frame_without_a_wall_has_no_centre() -> None:
    frames = shared(SIZE).frames(np.array([[-0.5, -0.5, 0.5, 0.5, LIFT]]), np.full((1, 2), 3.0))
    assert wall_coverage(frames).sum() < 1
    assert np.isnan(wall_centre(frames)).all()
