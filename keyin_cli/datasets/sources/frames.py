"""What happens to frames on their way from a source into a dataset: fewer of them a second, a part of the image, another size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keyin_cli.datasets.sources.source import Frames, Piece
from keyin_cli.errors import InputError

SLACK = 1e-6  # of a frame's duration, by which times may be early because they are rounded


@dataclass(frozen=True)
class Crop:
    """A part of an image in px: its upper left corner and its size."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Shape:
    """What frames become.

    Attributes:
        height, width: px.
        crop: the part of the source's images that is kept; None: the largest part in the middle that has the shape wanted.
        fps: frames a second that are kept at most; None: all.
    """

    height: int
    width: int
    crop: Crop | None = None
    fps: float | None = None


def shaped(pieces: Iterator[Piece], shape: Shape, where: str) -> Iterator[Piece]:
    """The pieces of an episode with the frames that are kept, in the shape wanted.

    Args:
        where: the episode, for the error.

    Raises:
        InputError: the crop leaves the image.
    """
    begun = -1  # the slot of 1/fps seconds that the last kept frame was in
    for piece in pieces:
        if shape.fps is not None:
            slots = np.floor(piece.seconds * shape.fps + SLACK).astype(np.int64)
            kept = np.diff(slots, prepend=begun) > 0
            begun = int(slots[-1]) if len(slots) else begun
            piece = chosen(piece, kept)
        if len(piece.frames):
            yield replace(piece, frames=resized(cropped(piece.frames, shape, where), shape.height, shape.width))


def chosen(piece: Piece, kept: NDArray[np.bool_]) -> Piece:
    """The frames of a piece for which `kept` (k,) is true."""
    signals = {name: values[kept] for name, values in piece.signals.items()}
    return Piece(piece.frames[kept], piece.numbers[kept], piece.seconds[kept], signals)


def cropped(frames: Frames, shape: Shape, where: str) -> Frames:
    """The part (k,h,w,C) of frames (k,H,W,C) that is kept, a view.

    Raises:
        InputError: it leaves the image.
    """
    height, width = frames.shape[1:3]
    crop = shape.crop or centre(height, width, shape.height / shape.width)
    if crop.top + crop.height > height or crop.left + crop.width > width:
        part = f"{crop.height}x{crop.width} px from row {crop.top} and column {crop.left}"
        raise InputError(f"{where} has frames of {height}x{width} px, in which {part} do not lie: give another --crop")
    return frames[:, crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]


def centre(height: int, width: int, ratio: float) -> Crop:
    """The largest part in the middle of an image whose height is `ratio` times its width."""
    tall = min(height, max(1, round(width * ratio)))
    wide = min(width, max(1, round(height / ratio)))
    return Crop((height - tall) // 2, (width - wide) // 2, tall, wide)


def resized(frames: Frames, height: int, width: int) -> Frames:
    """Frames (k,H,W,C) as (k,height,width,C): each pixel is the mean of the area that it covers; larger ones are interpolated."""
    if frames.shape[1:3] == (height, width):
        return np.ascontiguousarray(frames)
    how = Image.Resampling.BOX if frames.shape[1] >= height and frames.shape[2] >= width else Image.Resampling.BILINEAR
    squeezed = frames[..., 0] if frames.shape[-1] == 1 else frames
    drawn = [np.asarray(Image.fromarray(np.ascontiguousarray(frame)).resize((width, height), how)) for frame in squeezed]
    return np.stack(drawn).reshape(len(frames), height, width, frames.shape[-1])
