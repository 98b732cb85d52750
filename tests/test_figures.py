from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keyin_cli import figures
from keyin_cli.figures import BLUE, GREY, RED, Example, framed, overlay


def example(channels: int, labels: bool = True) -> Example:
    rng = np.random.default_rng(0)
    truth, predicted = (rng.integers(0, 256, (6, 8, 10, channels), dtype=np.uint8) for _ in range(2))
    times = np.array([0, 1, 0, 0, 1, 0], bool)
    return Example(truth, predicted, times if labels else None, np.roll(times, 1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("labels", [True, False])
def test_pictures_open_and_hold_what_they_say(tmp_path: Path, channels: int, labels: bool) -> None:
    shown = [example(channels, labels)] * 2
    figures.frame_strip(tmp_path / "strip.png", shown, "keyin")
    figures.trajectories(tmp_path / "all.png", shown, "keyin")
    figures.animation(tmp_path / "video.gif", shown)
    for name in ("strip.png", "all.png"):
        with Image.open(tmp_path / name) as image:
            assert image.format == "PNG"
            assert min(image.size) > 200
    with Image.open(tmp_path / "video.gif") as video:
        assert (video.format, video.n_frames) == ("GIF", 6)
        assert video.size == (2 * (10 + 4) * 4, 2 * (8 + 4) * 4)


def test_a_border_leaves_the_frame_as_it_is() -> None:
    frame = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    bordered = framed(frame, RED)
    np.testing.assert_array_equal(bordered[2:-2, 2:-2], np.repeat(frame, 3, axis=2))
    assert tuple(bordered[0, 0]) == tuple(bordered[-1, -1]) == RED


def test_the_strip_colours_changes_and_keyframes(tmp_path: Path) -> None:
    figures.frame_strip(tmp_path / "strip.png", [example(1)], "keyin")
    with Image.open(tmp_path / "strip.png") as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert {RED, BLUE, GREY} <= colours


def test_overlay_paints_keyframes_on_top() -> None:
    frames = np.zeros((5, 1, 5, 1), np.uint8)
    frames[np.arange(5), 0, np.arange(5)] = 255
    image = overlay(frames, np.array([0, 0, 1, 0, 0], bool), BLUE)
    assert tuple(image[0, 2]) == BLUE
    assert image[0, 1, 0] < image[0, 3, 0]  # brighter with time
