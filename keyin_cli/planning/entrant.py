"""A row of Table 2 as planning is handed it: how it proposes subgoals, with which weights and which servo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.planning.proposal import Problem, Proposal


@dataclass(frozen=True)
class Weights:
    """A trained stage: its file, which every worker can read, the SHA-256 of the tensors in it, the side of its frames in px, and
    how the model is loaded from the file."""

    stage: str
    file: Path
    sha256: str
    size: int
    load: Callable[[Path], nn.Module]


@dataclass(frozen=True)
class Entrant:
    """A row. `servo` is the name of its servo when that is another than the one that all have; `follows_demonstration`: its
    subgoals lead to a task's own goal only. All of it can be sent to another process."""

    propose: Callable[[Problem], Proposal]
    weights: Weights | None = None
    servo: str | None = None
    follows_demonstration: bool = False

    @property
    def size(self) -> int:
        """Side of the frames that it looks at, px: that of its model's, or of a dataset's where it has none."""
        return self.weights.size if self.weights else PushingData().size
