"""Frames on their way into a dataset: which are kept, which part of them, of which size."""

from collections.abc import Iterator

import numpy as np
import pytest

from keyin_cli.datasets.sources.frames import Crop, Shape, centre, resized, shaped
from keyin_cli.datasets.sources.source import Piece
from keyin_cli.errors import InputError


def pieces(seconds: list[float], cut: int) -> Iterator[Piece]:
    """Frames of 4x4 px whose value is their number, in pieces of `cut`."""
    for begin in range(0, len(seconds), cut):
        some = np.array(seconds[begin : begin + cut])
        numbers = np.arange(begin, begin + len(some))
        frames = np.broadcast_to(numbers[:, None, None, None], (len(some), 4, 4, 3)).astype(np.uint8)
        yield Piece(frames, numbers, some, {"state": numbers[:, None].astype(np.float32)})


@pytest.mark.parametrize("cut", [1, 2, 7, 100])
@pytest.mark.parametrize(
    ("fps", "kept"),
    [(None, list(range(12))), (30, list(range(12))), (10, [0, 3, 6, 9]), (20, [0, 2, 3, 5, 6, 8, 9, 11]), (1, [0])],
)
def test_the_first_frame_of_every_slot_is_kept(cut: int, fps: float | None, kept: list[int]) -> None:
    made = list(shaped(pieces([i / 30 for i in range(12)], cut), Shape(4, 4, fps=fps), "it"))
    assert np.concatenate([piece.numbers for piece in made]).tolist() == kept
    assert np.concatenate([piece.frames[:, 0, 0, 0] for piece in made]).tolist() == kept
    assert np.concatenate([piece.signals["state"][:, 0] for piece in made]).tolist() == kept
    assert all(len(piece.frames) for piece in made)


def test_uneven_times_are_thinned_by_their_times() -> None:
    (piece,) = shaped(pieces([0, 0.01, 0.02, 0.5, 0.51, 1.2], 10), Shape(4, 4, fps=2), "it")
    assert piece.numbers.tolist() == [0, 3, 5]


@pytest.mark.parametrize(
    ("height", "width", "ratio", "crop"),
    [
        (480, 640, 1.0, (0, 80, 480, 480)),
        (640, 480, 1.0, (80, 0, 480, 480)),
        (480, 640, 0.5, (80, 0, 320, 640)),
        (5, 5, 1.0, (0, 0, 5, 5)),
    ],
)
def test_the_middle_has_the_shape_wanted(height: int, width: int, ratio: float, crop: tuple[int, ...]) -> None:
    assert centre(height, width, ratio) == Crop(*crop)


def test_a_crop_is_rows_then_columns() -> None:
    image = np.arange(6 * 8, dtype=np.uint8).reshape(1, 6, 8, 1)
    whole = iter([Piece(image, np.zeros(1, np.int64), np.zeros(1))])
    (piece,) = shaped(whole, Shape(2, 3, Crop(1, 4, 2, 3)), "it")
    np.testing.assert_array_equal(piece.frames[0, ..., 0], image[0, 1:3, 4:7, 0])


def test_a_crop_that_leaves_the_image_is_refused() -> None:
    line = r"demo 3 has frames of 4x4 px, in which 4x4 px from row 1 and column 0 do not lie: give another --crop"
    with pytest.raises(InputError, match=line):
        list(shaped(pieces([0.0], 1), Shape(4, 4, Crop(1, 0, 4, 4)), "demo 3"))


def test_a_smaller_pixel_is_the_mean_of_its_area() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)
    mean = frames.reshape(2, 3, 2, 4, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(resized(frames, 3, 4), mean, atol=1)
    assert resized(frames[..., :1], 3, 4).shape == (2, 3, 4, 1)
    assert resized(frames, 12, 16).shape == (2, 12, 16, 3)
    np.testing.assert_array_equal(resized(frames, 6, 8), frames)
