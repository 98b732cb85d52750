"""A contact sheet of episodes: one row each, some of its frames side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keyin_cli.errors import shown
from keyin_cli.figures.style import Frames, panels, save

WIDTH = 13.0  # inches
GAP = 1  # px between two frames
LONGEST = 40  # characters of a name


@dataclass(frozen=True)
class SheetRow:
    """An episode: its name, how long it lasts, and the frames (k,H,W,C) that are shown of it."""

    name: str
    seconds: float
    frames: Frames


def contact_sheet(path: Path, rows: Sequence[SheetRow], columns: int) -> None:
    """Draw rows of at most `columns` frames, all of one size, each under the name of its episode."""
    height, width = rows[0].frames.shape[1:3]
    figure, axes = panels(len(rows), 1, WIDTH, len(rows) * (0.3 + WIDTH / columns * height / width))
    for axis, row in zip(axes[:, 0], rows, strict=True):
        strip = np.full((height, columns * (width + GAP), 3), 255, dtype=np.uint8)
        for place, frame in enumerate(row.frames):
            begin = place * (width + GAP)
            strip[:, begin : begin + width] = frame  # one channel is copied to three
        axis.imshow(strip, interpolation="nearest")
        axis.set_axis_off()
        name = shown(row.name)
        short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        axis.set_title(f"{short}, {row.seconds:.1f} s", loc="left", fontsize=9, parse_math=False)
    save(path, figure)
