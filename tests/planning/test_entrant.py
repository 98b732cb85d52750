"""What a row looks at has the size of its model's frames."""

from pathlib import Path

import numpy as np
from torch import nn

from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.planning.entrant import Entrant, Weights
from keyin_cli.planning.episodes import Job, propose
from keyin_cli.planning.proposal import Problem, Proposal, Search, straight
from keyin_cli.planning.servos.servo import Settings
from keyin_cli.planning.tasks import make


def test_the_size_of_frames_is_the_models_or_a_datasets() -> None:
    sizes = []

    def told(problem: Problem) -> Proposal:
        sizes.append(problem.size)
        return straight(problem)

    weights = Weights("other", Path("none"), "", 32, lambda _: nn.Identity())  # whatever its model is
    for entrant in (Entrant(told), Entrant(told, weights)):
        propose(Job(entrant, make(0, np.arange(1)), 0, Settings(), Search()))
    assert sizes == [PushingData().size, 32]
