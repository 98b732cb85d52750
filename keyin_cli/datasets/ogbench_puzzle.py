"""OGBench's puzzle of nine buttons, acted by its plan oracle (see `ogbench.puzzle`; docs/events.md)."""

from __future__ import annotations

from typing import Literal

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.datasets.ogbench.section import OGBenchData, demonstrator


class PuzzleData(OGBenchData):
    """OGBench's puzzle of nine buttons, acted by its plan oracle (see `ogbench.puzzle`; docs/events.md)."""

    kind: Literal["ogbench-puzzle"] = "ogbench-puzzle"
    path: str = "artifacts/data/ogbench-puzzle.zarr"


DATASET = DatasetKind(
    name="ogbench-puzzle",
    help="a robot arm presses buttons that change the colours of their neighbours; OGBench's expert",
    order=51,
    section=PuzzleData,
    demonstrator=demonstrator("ogbench-puzzle", "puzzle"),
)
