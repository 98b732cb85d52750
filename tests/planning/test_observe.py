"""What a planner sees, and one line for images that it cannot use."""

import os
import struct
import zlib
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
        with pytest.raises(InputError, match=rf"^no image at .*{name}: --goal takes a PNG, JPEG, BMP or WebP of the table"):
            observe.own_goal(tmp_path / name, 64)


def png(width: int, height: int) -> bytes:
    """A PNG that says what size it is, and has no more than that."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + struct.pack(">I", 9) + b"IDAT"
    )


@pytest.mark.usefixtures("hurried")
def test_goals_that_would_be_waited_for_or_fill_the_memory(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bomb.png").write_bytes(png(2**31 - 1, 2**31 - 1))
    (tmp_path / "warned.png").write_bytes(png(9_500, 9_500))
    (tmp_path / "cut.png").write_bytes(png(64, 64))
    (tmp_path / "page.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n")
    Image.new("RGB", (64, 64)).save(tmp_path / "large.png")
    os.truncate(tmp_path / "large.png", observe.LARGEST + 1)
    for path in (
        tmp_path / "pipe",
        Path("/dev/zero"),
        tmp_path,
        *(tmp_path / name for name in ("bomb.png", "cut.png", "large.png", "page.eps")),
    ):
        with pytest.raises(InputError, match=r"^no image at "):
            observe.own_goal(path, 64)
    with pytest.raises(InputError, match=r"warned\.png is 9500x9500 px, expected 64x64: give an image of that size$"):
        observe.own_goal(tmp_path / "warned.png", 64)
    assert not recwarn.list


def test_images_that_cannot_be_used() -> None:
    frames = np.zeros((1, 48, 64, 3), np.uint8)
    with pytest.raises(InputError, match=r"^the goal image is 48x64x3, expected 64x64x3: give an image of that size$"):
        observe.puck(frames, 64, "the goal image")
    with pytest.raises(
        InputError, match=r"^the goal image shows no puck: it must look like a goal_image of `keyin gen-data pushing`$"
    ):
        observe.puck(np.full((1, 64, 64, 3), 200, np.uint8), 64, "the goal image")
