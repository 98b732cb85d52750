"""What a planner sees of tasks: an image of the start and one of the goal. Nothing else of the world is told to it."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.env import LIFT, Scene
from keyin_cli.datasets.pushing.render import shared
from keyin_cli.errors import InputError, shown

FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
LARGEST = 50_000_000  # bytes of an image file
DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    Image.DecompressionBombError,
)

Frames = NDArray[np.uint8]
Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Views:
    """n tasks as images (n,H,H,3): `start`, and `goal`, with the puck at the goal and all else as at the start."""

    start: Frames
    goal: Frames


def observe(scene: Scene, size: int) -> Views:
    """Draw n scenes, `size` px wide.

    Raises:
        InputError: no OpenGL back end works.
    """
    return Views(frames(scene.start, scene.wall, size), frames(scene.goal, scene.wall, size))


def frames(puck: Array, wall: Array, size: int) -> Frames:
    """Frames (n,size,size,3) of pucks (n,2) and walls (n,2), the raised arm at the centre of the table as at the start."""
    finger = np.broadcast_to([0.0, 0.0, LIFT], (len(puck), 3))
    return shared(size).frames(np.concatenate([puck, finger], axis=1), wall)


def own_goal(path: Path, size: int) -> Array:
    """Where an image file of a goal shows the puck, table units (2,).

    Raises:
        InputError: there is no such image, or see `puck`.
    """
    centre: Array = puck(_pixels(path, size)[None], size, shown(path))[0]
    return centre


def _pixels(path: Path, size: int) -> Frames:
    """An image file as (H,W,3). Its size is looked at before anything is decoded: a small file may say that it is gigantic.

    Raises:
        InputError: it is none, or of another size.
    """
    none = f"no image at {shown(path)}: --goal takes a PNG, JPEG, BMP or WebP of the table, such as a goal_image of a dataset"
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:  # a pipe would be waited for
            raise InputError(none)
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            if image.size != (size, size):
                found = "x".join(map(str, image.size))
                raise InputError(f"{shown(path)} is {found} px, expected {size}x{size}: give an image of that size")
            return np.asarray(image.convert("RGB"))
    except DAMAGED:  # what Pillow raises for damaged files differs from format to format
        raise InputError(none) from None


def puck(images: Frames, size: int, what: str) -> Array:
    """Where the puck is in images (n,H,W,3), in table units (n,2).

    Args:
        size: px, which the model needs.
        what: the images are, for the error.

    Raises:
        InputError: they are of another size, or one does not show the puck.
    """
    if images.shape[1:] != (size, size, 3):
        found = "x".join(map(str, images.shape[1:]))
        raise InputError(f"{what} is {found}, expected {size}x{size}x3: give an image of that size")
    centre = segment.unproject(segment.puck_centre(images), size)
    if np.isnan(centre).any():
        raise InputError(f"{what} shows no puck: it must look like a goal_image of `keyin gen-data pushing`")
    return centre
