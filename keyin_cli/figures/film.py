"""Videos of many sequences side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.colours import GREEN, GREY, RED
from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.figures.style import BORDER, Frames, Points, Times, framed

SIDE = 1280  # px, at most, of a film's longer side, unless frames in their own size need more
COLUMNS = 6
RATE = 5  # frames per second
FAINT = 0.6  # opacity of a goal's ring
BT709 = 1  # the colours of HD video; untagged, a player guesses by the size


def film(path: Path, frames: Frames, times: Times, goals: Points | None = None) -> None:
    """An MP4 (H.264) of n sequences side by side, keyframes framed red. The same arguments give the same bytes.

    Args:
        frames: (n,T,H,W,C).
        times: (n,T) bool.
        goals: (n,2) on the table, of pushing sequences: each gets a faint ring.
    """
    n, count, height, width = frames.shape[:4]
    columns, rows = min(COLUMNS, n), -(-n // COLUMNS)
    scale = max(1, SIDE // max(columns * (width + 2 * BORDER), rows * (height + 2 * BORDER)))
    outlines = np.zeros((n, height * scale, width * scale)) if goals is None else rings(goals, height * scale, width * scale)
    opacity = _grid(np.pad(outlines, ((0, 0), *[(BORDER * scale, BORDER * scale)] * 2))[..., None], columns)[..., 0]
    ringed = opacity > 0
    share = opacity[ringed][:, None]

    def image(time: int) -> Frames:
        cells = [framed(frame, RED if mark else GREY) for frame, mark in zip(frames[:, time], times[:, time], strict=True)]
        grid = _grid(np.stack(cells), columns).repeat(scale, axis=0).repeat(scale, axis=1)
        grid[ringed] = ((1 - share) * grid[ringed] + share * np.array(GREEN)).round()
        return grid

    storage.replace(path, lambda beside: encode(beside, image, count))


def rings(goals: Points, height: int, width: int) -> Points:
    """Opacity (n,height,width) of a puck's outline at each goal (n,2)."""
    centre = segment.project(goals, width)[:, None, None]
    x, y = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    from_outline = np.hypot(x - centre[..., 0], y - centre[..., 1]) - PUCK_RADIUS * width / (2 * segment.VIEW)
    return FAINT * np.clip(1.5 - np.abs(from_outline), 0, 1)


def _grid(cells: NDArray[Any], columns: int) -> NDArray[Any]:
    """Cells (n,h,w,C) row by row in one image (rows*h,columns*w,C); places left over are 0."""
    n, height, width, channels = cells.shape
    filled = np.pad(cells, ((0, -n % columns), (0, 0), (0, 0), (0, 0)))
    rows = filled.reshape(-1, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return rows.reshape(-1, columns * width, channels)


def encode(path: Path, image: Callable[[int], Frames], count: int) -> None:
    """Write RGB images (H,W,3) as H.264 that browsers play. One thread: with more the bytes would depend on how many."""
    height, width = image(0).shape[:2]
    odd = ((0, height % 2), (0, width % 2), (0, 0))  # yuv420p wants even sizes
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "16"})
        stream.pix_fmt, stream.height, stream.width = "yuv420p", height + height % 2, width + width % 2
        codec = stream.codec_context
        codec.thread_count = 1
        codec.colorspace = codec.color_primaries = codec.color_trc = codec.color_range = BT709
        for time in range(count):
            frame = av.VideoFrame.from_ndarray(np.pad(image(time), odd, mode="edge"), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace="ITU709")))
        container.mux(stream.encode())
