import hashlib
import subprocess
import sys
import threading

import mujoco
import numpy as np
import pytest

from keyin_cli.datasets.pushing.env import LIFT
from keyin_cli.datasets.pushing.render import Renderer, shared
from keyin_cli.datasets.pushing.segment import project
from keyin_cli.errors import RunError

RNG = np.random.default_rng(0)
STATES = np.concatenate([RNG.uniform(-0.9, 0.9, (17, 4)), RNG.uniform(0, LIFT, (17, 1))], axis=1)
WALLS = RNG.uniform(-0.1, 0.1, (17, 2))
TABLE, WALL, PUCK = (222, 222, 212), (64, 64, 77), (217, 38, 38)  # model.xml's colours of 255
DARK, BRIGHT = (26, 51, 153), (51, 204, 230)  # the arm's plate, and its finger's top

APART = np.array([[-0.5, -0.6, 0.5, 0.6, 0.0]])  # puck to the lower left, finger lowered to the upper right


def colour(frame: np.ndarray, x: float, y: float) -> np.ndarray:
    """The pixel at a point of the table."""
    column, row = project(np.array([x, y]), len(frame)).astype(int)
    return frame[row, column].astype(int)


def test_frames_are_rgb() -> None:
    frames = shared(64).frames(STATES, WALLS)
    assert (frames.shape, frames.dtype) == ((17, 64, 64, 3), np.uint8)
    assert len(np.unique(frames.reshape(17, -1), axis=0)) == 17


@pytest.mark.parametrize("size", [64, 128, 300])
def test_a_batch_equals_single_frames(size: int) -> None:
    """17 frames: one more than fit into one image."""
    renderer = shared(size)
    alone = [renderer.frames(STATES[index : index + 1], WALLS[index : index + 1])[0] for index in range(17)]
    np.testing.assert_array_equal(renderer.frames(STATES, WALLS), alone)


def test_no_frames() -> None:
    assert shared(64).frames(STATES[:0], WALLS[:0]).shape == (0, 64, 64, 3)


@pytest.mark.parametrize("size", [64, 128])
def test_everything_is_where_the_state_says_and_has_its_colour(size: int) -> None:
    frame = shared(size).frames(APART, np.array([[0.1, 0.05]]))[0]
    expected = {(-0.5, -0.6): PUCK, (0.5, 0.6): DARK, (0.1, 0.05): WALL, (0.55, 0.05): WALL, (-0.35, 0.05): WALL}
    expected |= {(0.68, 0.05): TABLE, (0.1, 0.17): TABLE, (-0.5, -0.4): TABLE, (0.7, 0.6): TABLE, (0.0, -0.05): TABLE}
    for (x, y), there in expected.items():
        np.testing.assert_allclose(colour(frame, x, y), there, atol=8, err_msg=f"at {x}, {y}")


def test_a_raised_arm_looks_different_from_a_lowered_one() -> None:
    raised = APART + np.array([0, 0, 0, 0, LIFT])
    low, high = shared(64).frames(np.concatenate([APART, raised]), np.zeros((2, 2)))
    np.testing.assert_allclose(colour(low, 0.5, 0.6), DARK, atol=8)
    np.testing.assert_allclose(colour(high, 0.5, 0.6), BRIGHT, atol=8)
    changed = np.argwhere((low != high).any(axis=-1))
    assert 4 < len(changed) < 30
    np.testing.assert_allclose(changed.mean(axis=0)[::-1] + 0.5, project(np.array([0.5, 0.6]), 64), atol=0.7)


def test_velocities_and_earlier_frames_do_not_matter() -> None:
    renderer = shared(64)
    before = renderer.frames(STATES, WALLS)
    renderer.frames(APART, np.zeros((1, 2)))
    fast = np.concatenate([STATES, np.full((17, 5), 9.0)], axis=1)
    np.testing.assert_array_equal(renderer.frames(fast, WALLS), before)


def test_the_renderer_is_shared_within_a_thread_only() -> None:
    assert shared(64) is shared(64)
    found: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: found.append(shared(64).frames(STATES, WALLS)))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(found[0], shared(64).frames(STATES, WALLS))


def test_a_fresh_process_draws_the_same() -> None:
    program = f"""
import hashlib, numpy as np
from keyin_cli.datasets.pushing.render import shared
states, walls = np.array({STATES.tolist()}), np.array({WALLS.tolist()})
print(hashlib.sha256(shared(64).frames(states, walls)).hexdigest())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(shared(64).frames(STATES, WALLS)).hexdigest()


def test_a_start_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise mujoco.FatalError("Shadow framebuffer is not complete")

    monkeypatch.setattr(mujoco, "MjrContext", fail)
    with pytest.raises(RunError, match=r"OpenGL cannot start \(Shadow framebuffer is not complete\): free some memory"):
        Renderer(32)
