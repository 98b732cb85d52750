"""Sheets of frames: which frame is where, and that they fit."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from keyin_cli.report.images import PER_SHEET, Sheets, sheets


def frame(made: Sheets, index: int) -> np.ndarray:
    """What the page shows as frame `index`."""
    place = index // made.step
    sheet = Image.open(io.BytesIO(base64.b64decode(made.sheets[place // made.per_sheet])))
    cell = place % made.per_sheet
    left, top = cell % made.columns * made.width, cell // made.columns * made.height
    return np.asarray(sheet.convert("RGB").crop((left, top, left + made.width, top + made.height)))


@pytest.mark.parametrize("channels", [1, 3])
def test_small_frames_are_shown_as_they_are(channels: int) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (PER_SHEET + 6, 6, 10, channels), dtype=np.uint8)
    made = sheets(frames, 10**7)
    assert (made.width, made.height, made.step, len(made.sheets)) == (10, 6, 1, 2)
    for index in (0, 1, 9, PER_SHEET - 1, PER_SHEET, PER_SHEET + 5):
        np.testing.assert_array_equal(frame(made, index), np.broadcast_to(frames[index], (6, 10, 3)))


@pytest.mark.parametrize("budget", [400_000, 40_000, 4_000])
def test_they_fit(budget: int) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (100, 120, 160, 3), dtype=np.uint8)
    made = sheets(frames, budget)
    assert made.bytes <= budget
    assert len(made.sheets) == math.ceil(math.ceil(100 / made.step) / made.per_sheet)


def test_without_room_one_frame_is_shown() -> None:
    made = sheets(np.zeros((100, 64, 64, 3), np.uint8), 0)
    assert (len(made.sheets), made.step >= 100) == (1, True)


def test_large_frames_keep_their_shape_and_colours() -> None:
    frames = np.zeros((3, 300, 600, 3), np.uint8)
    frames[1] = (200, 40, 40)
    made = sheets(frames, 10**7)
    assert (made.width, made.height) == (320, 160)
    np.testing.assert_allclose(frame(made, 1).mean((0, 1)), (200, 40, 40), atol=6)
