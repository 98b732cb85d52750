"""The figure of a benchmark's reconstructions, as `keyin benchmark` writes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.benchmark.result import CHANCE, EVENTS, OPTIMUM, Reconstruction, Result
from keyin_cli.errors import shown


def draw(path: Path, result: Result) -> None:
    """Write the figure as PNG; without reconstructions there is none, and an earlier one is deleted."""
    lines = result.lines()
    if not lines:
        path.unlink(missing_ok=True)
        return
    from keyin_cli import figures  # heavy

    columns = [
        figures.Reconstructed(
            title=shown(dataset),
            lines={each.method: points(each) for each in those},
            ticks=sorted({point.count for each in those for point in each.points if point.count is not None}),
        )
        for dataset, those in lines.items()
    ]
    figures.reconstruction(path, columns, CHANCE, OPTIMUM, EVENTS)


def points(line: Reconstruction) -> NDArray[np.float64]:
    """A line as the figure takes it: (k,5) float64, keyframes found, dB, dB above uniform and the ends of its interval. Points
    without any keyframe have no place on its axis and are left out."""
    rows = []
    for point in line.points:
        above = point.against_uniform
        more = (above.value, *above.ci95) if above else (0.0, 0.0, 0.0)
        if point.keyframes_per_episode > 0:
            rows.append((point.keyframes_per_episode, point.psnr.value, *more))
    return np.array(rows, np.float64).reshape(-1, 5)
