"""Two cubes of OGBench, moved by its Markov oracle (see `ogbench.cube`; docs/events.md)."""

from __future__ import annotations

from typing import Literal

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.datasets.ogbench.section import OGBenchData, demonstrator


class CubeData(OGBenchData):
    """Two cubes of OGBench, moved by its Markov oracle (see `ogbench.cube`; docs/events.md)."""

    kind: Literal["ogbench-cube"] = "ogbench-cube"
    path: str = "artifacts/data/ogbench-cube.zarr"


DATASET = DatasetKind(
    name="ogbench-cube",
    help="a robot arm moves two cubes; OGBench's expert that looks and plans nothing",
    order=52,
    section=CubeData,
    demonstrator=demonstrator("ogbench-cube", "cube"),
)
