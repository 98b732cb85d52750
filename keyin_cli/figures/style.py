"""What all pictures share: framed and overlaid images, panels, legends, saving."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.colours import Colour

Frames = NDArray[np.uint8]
Times = NDArray[np.bool_]
Points = NDArray[np.floating[Any]]

BORDER = 2  # px around each frame of a strip
DIFFERENT = 40  # a pixel this far from the background belongs to what moves


def framed(frame: Frames, colour: Colour) -> Frames:
    """A frame (H,W,C) as RGB with a border."""
    bordered = np.empty((frame.shape[0] + 2 * BORDER, frame.shape[1] + 2 * BORDER, 3), dtype=np.uint8)
    bordered[:] = colour
    bordered[BORDER:-BORDER, BORDER:-BORDER] = frame  # one channel is copied to three
    return bordered


def overlay(frames: Frames, times: Times, colour: Colour) -> Frames:
    """All frames (T,H,W,C) in one RGB image: what moves dimmed and brightening with time, keyframes in colour on top."""
    background = np.median(frames, axis=0)
    moved = (np.abs(frames - background).max(axis=-1) > DIFFERENT)[..., None]
    image = np.broadcast_to(background, (*background.shape[:2], 3)).copy()
    for index in np.argsort(times, kind="stable"):
        brightness = 0.35 + 0.4 * index / len(frames)
        shade = np.array(colour) if times[index] else brightness * frames[index]
        image = np.where(moved[index], shade, image)
    return image.round().astype(np.uint8)


def paint(colour: Colour, alpha: float = 1.0) -> tuple[float, float, float, float]:
    """A colour as Matplotlib takes it."""
    red, green, blue = (value / 255 for value in colour)
    return red, green, blue, alpha


def panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, NDArray[Any]]:
    """A figure of that many inches and its axes (rows,columns). Without pyplot: the caller's back end stays as it is."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def legend(figure: Figure, **looks: dict[str, Any]) -> None:
    """One line below a figure that names its discs; their looks are properties of a Matplotlib marker."""
    usual = {"linestyle": "none", "marker": "o", "markersize": 9}
    discs = [Line2D([], [], **{**usual, **look}, label=name) for name, look in looks.items()]
    _below(figure, discs, handletextpad=0.2)


def line_legend(figure: Figure, looks: Mapping[str, Mapping[str, Any]], columns: int | None = None) -> None:
    """Names of a figure's lines below it, so many in a row, or all; their looks are properties of a Matplotlib line."""
    _below(figure, [Line2D([], [], **look, label=name) for name, look in looks.items()], columns)


def _below(figure: Figure, handles: list[Line2D], columns: int | None = None, **layout: Any) -> None:
    figure.legend(handles=handles, loc="outside lower center", ncols=columns or len(handles), frameon=False, **layout)


def save(path: Path, figure: Figure) -> None:
    """Write a figure as PNG."""
    storage.replace(path, lambda beside: figure.savefig(beside, format="png", dpi=110, metadata={"Software": None}))
