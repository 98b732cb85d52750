"""OGBench's scene, acted by its plan oracles (see `ogbench.scene`; docs/events.md)."""

from __future__ import annotations

from typing import Literal

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.datasets.ogbench.section import OGBenchData, demonstrator


class SceneData(OGBenchData):
    """OGBench's scene, acted by its plan oracles (see `ogbench.scene`; docs/events.md)."""

    kind: Literal["ogbench-scene"] = "ogbench-scene"
    path: str = "artifacts/data/ogbench-scene.zarr"


DATASET = DatasetKind(
    name="ogbench-scene",
    help="a robot arm, a cube, buttons, a drawer and a window; OGBench's experts follow plans",
    order=50,
    section=SceneData,
    demonstrator=demonstrator("ogbench-scene", "scene"),
)
