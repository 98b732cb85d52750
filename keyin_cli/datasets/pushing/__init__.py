"""The pushing world: an arm pushes a puck around a wall to a goal, in MuJoCo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.datasets.pushing.section import PushingData

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keyin_cli.datasets.store import Dataset


def arrays(data: PushingData, indices: NDArray[np.integer[Any]]) -> dict[str, NDArray[Any]]:
    """Every array of the dataset for the sequences `indices`, see `sequences.arrays`."""
    from keyin_cli.datasets.pushing import sequences  # imports MuJoCo, which reading a recipe does without

    return sequences.arrays(data, indices)


def statistics(dataset: Dataset) -> dict[str, Any]:
    """What can be counted of pushes, walls and paths, see `counts.of_pushing`."""
    from keyin_cli.datasets.pushing import counts

    return {"pushing": counts.of_dataset(dataset)}


DATASET = DatasetKind(
    name="pushing",
    help="an arm pushes a puck around a wall to a goal, simulated and rendered by MuJoCo",
    order=20,
    section=PushingData,
    arrays=arrays,
    statistics=statistics,
    pictures="keyin_cli.figures.pushing:pictures",
    continuations="keyin_cli.discovery.paths:compare",
    pucks=True,
)
