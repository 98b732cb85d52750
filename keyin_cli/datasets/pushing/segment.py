"""Finding the puck and the wall in a frame by their colours, and where a point of the table is in a frame.

Pixel coordinates are (x, y), x to the right, y down, the first pixel's centre at 0.5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, WALL_HALF

VIEW = 1.05  # half the side of the table's part that is seen, in table units
REDNESS = 0.7 * 255  # red above the larger of green and blue, for a pixel full of puck; of all else it is 0 or less
BLUENESS = 0.5 * 255  # blue above red, for a pixel full of arm (0.7 when raised); of all else it is near 0 or less
BRIGHT, DARK = 215, 76  # largest channel of a pixel: more than this without any wall, this when full of it
WALL_WITHIN = 0.9  # of the table's half side; outside the table all is black
COMPLETIONS = 3

Array = NDArray[np.floating[Any]]


def project(point: Array, size: int) -> Array:
    """Pixels (...,2) of points (...,2) of the table."""
    return (VIEW + point * np.array([1, -1])) * size / (2 * VIEW)


def unproject(pixel: Array, size: int) -> Array:
    """Points (...,2) of the table at pixels (...,2)."""
    return (pixel * 2 * VIEW / size - VIEW) * np.array([1, -1])


def puck_coverage(frames: NDArray[Any]) -> NDArray[np.float32]:
    """Share of each pixel (...,H,W) that shows the puck, from frames (...,H,W,3) in 0 … 255."""
    red, green, blue = np.moveaxis(np.asarray(frames, dtype=np.float32), -1, 0)
    return np.clip((red - np.maximum(green, blue)) / REDNESS, 0, 1)


def arm_coverage(frames: NDArray[Any]) -> NDArray[np.float32]:
    """Share of each pixel (...,H,W) that shows the arm, from frames (...,H,W,3) in 0 … 255."""
    red, _, blue = np.moveaxis(np.asarray(frames, dtype=np.float32), -1, 0)
    return np.clip((blue - red) / BLUENESS, 0, 1)


def wall_coverage(frames: NDArray[Any]) -> NDArray[np.float32]:
    """Share of each pixel (...,H,W) that shows the wall, from frames (...,H,W,3) in 0 … 255; 0 at the table's edge."""
    brightest = np.asarray(frames, dtype=np.float32).max(axis=-1)
    height, width = brightest.shape[-2:]
    x, y = np.abs(np.arange(width) + 0.5 - width / 2), np.abs(np.arange(height) + 0.5 - height / 2)
    inside = np.maximum(x, y[:, None]) < WALL_WITHIN * width / (2 * VIEW)
    return inside * np.clip((BRIGHT - brightest) / (BRIGHT - DARK) - arm_coverage(frames), 0, 1)


def wall_centre(frames: NDArray[Any]) -> Array:
    """Centre of the wall (...,2) in pixels; NaN where less than a pixel of it is seen. The arm is completed as for the puck.

    Of frames in which the arm is not above the puck: what is dark at the edge between them counts as wall.
    """
    half = WALL_HALF * frames.shape[-2] / (2 * VIEW)
    return _centre(wall_coverage(frames), arm_coverage(frames), lambda x, y: np.maximum(x - half[0], y - half[1]))


def puck_centre(frames: NDArray[Any]) -> Array:
    """Centre of the puck (...,2) in pixels; NaN where less than a pixel of it is seen.

    The mean of the puck's pixels; where the arm covers a part of it, the arm's pixels within the puck's outline count as puck.
    The arm is smaller than the puck, so a puck on the table is always seen.
    """
    radius = PUCK_RADIUS * frames.shape[-2] / (2 * VIEW)
    return _centre(puck_coverage(frames), arm_coverage(frames), lambda x, y: np.hypot(x, y) - radius)


def _centre(thing: Array, arm: Array, beyond: Callable[[Array, Array], Array]) -> Array:
    """Mean position (...,2) of a thing's pixels, coverage (...,H,W), NaN where less than a pixel is seen.

    The arm's pixels within the thing's outline count as the thing: `beyond` says how far outside of it, in px, a pixel is that
    is so far from the centre in x and in y.
    """
    height, width = thing.shape[-2:]
    x, y = (np.arange(side, dtype=np.float32) + 0.5 for side in (width, height))
    seen = thing.sum(axis=(-2, -1)) >= 1
    centre = _mean(thing, x, y)
    for _ in range(COMPLETIONS):
        outside = beyond(np.abs(x - centre[..., None, None, 0]), np.abs(y[:, None] - centre[..., None, None, 1]))
        centre = _mean(thing + arm * np.clip(0.5 - outside, 0, 1), x, y)
    return np.where(seen[..., None], centre, np.nan)


def _mean(weight: Array, x: Array, y: Array) -> Array:
    """Weighted mean position (...,2) of pixels with weights (...,H,W).

    Sums over each image, no matrix product: how that is rounded would depend on how many images there are.
    """
    total = np.maximum(weight.sum(axis=(-2, -1)), 1e-6)
    return np.stack([(weight.sum(axis=-2) * x).sum(axis=-1), (weight.sum(axis=-1) * y).sum(axis=-1)], axis=-1) / total[..., None]
