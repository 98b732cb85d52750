"""What `keyin info --figures` draws of the pushing world alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.rng import Purpose
from keyin_cli.datasets.sequences import Sequences
from keyin_cli.figures.dataset import Paths, puck_paths

PATHS = 100  # demonstrations from one start


def pictures(dataset: Sequences, shown: NDArray[np.int64]) -> tuple[NDArray[Any], dict[str, Callable[[Path], None]]]:
    """The goals (n,2) of the sequences `shown` (n,), in table units, and further pictures: paths of the puck."""
    return dataset.read("goal", shown), {"paths.png": partial(puck_paths, scenes=[demonstrated(dataset, shown[:1])])}


def demonstrated(dataset: Sequences, sequence: NDArray[np.int64]) -> Paths:
    """Fresh demonstrations to many goals in the scene of one sequence (1,) of a pushing dataset."""
    from keyin_cli.datasets.pushing import env, sequences  # imports MuJoCo

    data = PushingData.model_validate(dataset.attributes["recipe"])
    wall, states, goal = (dataset.read(name, sequence).astype(np.float64) for name in ("wall", "states", "goal"))
    scene = env.Scene(wall, states[:, 0, :2], goal)
    demos = sequences.demonstrate(data, np.arange(PATHS), Purpose.FIGURES, threads=0, like=scene)
    return Paths(f"{PATHS} demonstrations", demos.states[..., :2], demos.scene.goal, scene.start[0], wall[0])
