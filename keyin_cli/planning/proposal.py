"""What a way to propose subgoals is given, a `Problem`, and what it gives back, a `Proposal`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.rng import Purpose, stream
from keyin_cli.planning import cem, observe
from keyin_cli.planning.tasks import Tasks

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Search(cem.Settings):
    """CEM over latents (Algorithm 1)."""


@dataclass(frozen=True)
class Proposal:
    """Subgoals of n tasks.

    `subgoals` (n,K,2): puck centres in table units, the last is the goal; a task with fewer repeats it. `images` (n,K-1,H,W,3)
    uint8: the frames in which a model imagined them, when one did. `notes`: further columns of `episodes.jsonl`, (n,) each.
    """

    subgoals: Array
    images: NDArray[np.uint8] | None = None
    notes: Mapping[str, NDArray[Any]] | None = None


@dataclass(frozen=True)
class Problem:
    """n tasks, the trained models by stage, the seed of what is sampled, and the side of the frames that are looked at, px."""

    tasks: Tasks
    models: Mapping[str, nn.Module]
    seed: int
    device: torch.device
    size: int
    search: Search = Search()

    @cached_property
    def views(self) -> observe.Views:
        return observe.observe(self.tasks.scene, self.size)

    @cached_property
    def goal(self) -> Array:
        """Where the goal images show the puck, table units (n,2)."""
        return observe.puck(self.views.goal, self.size, "the goal image")

    @cached_property
    def start(self) -> Array:
        """Where the start images show the puck, table units (n,2)."""
        return observe.puck(self.views.start, self.size, "the start image")

    @cached_property
    def wall(self) -> Array:
        """Where the start images show the centre of the wall, table units (n,2)."""
        return segment.unproject(segment.wall_centre(self.views.start), self.size)

    def normal(self, *shape: int) -> Array:
        """Standard normal numbers (shape[0],n,*shape[1:]); those of a task are a function of seed and task."""
        numbers = [stream(self.seed, int(task), Purpose.SUBGOALS).standard_normal(shape) for task in self.tasks.index]
        return np.stack(numbers, axis=1)


def straight(problem: Problem) -> Proposal:
    """No subgoals: straight to the goal."""
    return Proposal(problem.tasks.scene.goal[:, None])
