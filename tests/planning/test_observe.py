"""What a planner sees, and one line for images that it cannot use."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.pushing.sequences import arrays
from keyin_cli.errors import InputError
from keyin_cli.planning import observe
from keyin_cli.planning.tasks import make


def test_the_start_and_the_goal_look_as_in_a_dataset() -> None:
    """But for a few pixels on edges, which the states' rounding in a dataset moves."""
    from keyin_cli.datasets.pushing.env import Scene

    data = arrays(PushingData(n=3), np.arange(3))
    wall, goal, start = (data[name].astype(np.float64) for name in ("wall", "goal", "states"))
    views = observe.observe(Scene(wall, start[:, 0, :2], goal), 64)
    assert (views.start != data["frames"][:, 0]).mean() < 1e-3
    assert (views.goal != data["goal_image"]).mean() < 1e-3


def test_the_puck_is_found_where_the_task_has_it() -> None:
    tasks = make(0, np.arange(6))
    views = observe.observe(tasks.scene, 64)
    assert np.abs(observe.puck(views.start, 64, "the start image") - tasks.scene.start).max() < 2.1 / 64
    assert np.abs(observe.puck(views.goal, 64, "the goal image") - tasks.scene.goal).max() < 2.1 / 64


def test_a_goal_of_ones_own(tmp_path: Path) -> None:
    Image.fromarray(observe.frames(np.array([[0.3, 0.6]]), np.zeros((1, 2)), 64)[0]).save(tmp_path / "goal.png")
    np.testing.assert_allclose(observe.own_goal(tmp_path / "goal.png", 64), [0.3, 0.6], atol=2.1 / 64)
    (tmp_path / "text.png").write_text("no image")
    for name in ("text.png", "none.png"):
        with pytest.raises(InputError, match=rf"^no image at .*{name}: --goal takes a picture of the table"):
            observe.own_goal(tmp_path / name, 64)


def test_images_that_cannot_be_used() -> None:
    frames = np.zeros((1, 48, 64, 3), np.uint8)
    with pytest.raises(InputError, match=r"^the goal image is 48x64x3, expected 64x64x3: give an image of that size$"):
        observe.puck(frames, 64, "the goal image")
    with pytest.raises(
        InputError, match=r"^the goal image shows no puck: it must look like a goal_image of `keyin gen-data pushing`$"
    ):
        observe.puck(np.full((1, 64, 64, 3), 200, np.uint8), 64, "the goal image")
