"""Finding the puck in a frame by its colour, and where a point of the table is in a frame.

Pixel coordinates are (x, y), x to the right, y down, the first pixel's centre at 0.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.data.pushing.geometry import PUCK_RADIUS

VIEW = 1.05  # half the side of the table's part that is seen, in table units
REDNESS = 0.7 * 255  # red above the larger of green and blue, for a pixel full of puck; of all else it is 0 or less
BLUENESS = 0.5 * 255  # blue above red, for a pixel full of arm (0.7 when raised); of all else it is near 0 or less
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


def puck_centre(frames: NDArray[Any]) -> Array:
    """Centre of the puck (...,2) in pixels; NaN where less than a pixel of it is seen.

    The mean of the puck's pixels; where the arm covers a part of it, the arm's pixels within the puck's outline count as puck.
    The arm is smaller than the puck, so a puck on the table is always seen.
    """
    puck, arm = puck_coverage(frames), arm_coverage(frames)
    height, width = puck.shape[-2:]
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    radius = PUCK_RADIUS * width / (2 * VIEW)
    seen = puck.sum(axis=(-2, -1)) >= 1
    centre = _mean(puck, x, y)
    for _ in range(COMPLETIONS):
        distance = np.hypot(x - centre[..., None, None, 0], y[:, None] - centre[..., None, None, 1])
        centre = _mean(puck + arm * np.clip(radius + 0.5 - distance, 0, 1), x, y)
    return np.where(seen[..., None], centre, np.nan)


def _mean(weight: Array, x: Array, y: Array) -> Array:
    """Weighted mean position (...,2) of pixels with weights (...,H,W)."""
    total = np.maximum(weight.sum(axis=(-2, -1)), 1e-6)
    return np.stack([weight.sum(axis=-2) @ x, weight.sum(axis=-1) @ y], axis=-1) / total[..., None]
