"""Tasks: a fixed list for each seed, the same for every method, of scenes that no dataset contains.

Task i depends on (seed, i) alone. The demonstrator has solved it once, so it can be solved and the oracle's subgoals are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing.env import Scene
from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.pushing.sequences import demonstrate
from keyin_cli.datasets.rng import Integers, Purpose
from keyin_cli.recipe import digest


@dataclass(frozen=True)
class Tasks:
    """n tasks: their numbers `index` (n,), the `scene` (n), and the subgoals `demonstrated` (n,K,2) in table units."""

    index: Integers
    scene: Scene
    demonstrated: NDArray[np.floating[Any]]

    def sha256(self) -> str:
        """Hash of the scenes."""
        return digest([part.tolist() for part in (self.scene.wall, self.scene.start, self.scene.goal)])


def make(seed: int, index: Integers) -> Tasks:
    """The tasks `index` (n,) of a seed."""
    made = demonstrate(PushingData(seed=seed), index, Purpose.TASKS, threads=0)
    return Tasks(index, made.scene, made.subgoals)
