"""What the servo imagines with. One signature: states (P,S) and actions (P,M,l,3) -> puck centres (P,M,2) after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.env import Simulator
from keyin_cli.datasets.pushing.flight import roll

Array = NDArray[np.floating[Any]]
SIZE = 64  # px of the frames that are segmented


class Dynamics(Protocol):
    def __call__(self, states: Array, actions: Array) -> Array: ...


class TrueDynamics:
    """MuJoCo itself, all samples of all problems in one batch. `steps` counts the actions imagined."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._simulator = Simulator(1, threads)
        self.steps = 0

    def __call__(self, states: Array, actions: Array) -> Array:
        problems, samples, horizon = actions.shape[:3]
        if self._simulator.n != problems * samples:
            self._simulator = Simulator(problems * samples, self._threads)
        self._simulator.state = np.repeat(states, samples, axis=0)
        roll(self._simulator, actions.reshape(problems * samples, horizon, -1))
        self.steps += problems * samples * horizon
        return self._centres(self._simulator).reshape(problems, samples, 2)

    def _centres(self, simulator: Simulator) -> Array:
        return simulator.puck.copy()


class RenderedDynamics(TrueDynamics):
    """The same, but the puck is found by its colour in a frame that is drawn of every outcome, as the paper has it.

    Slower by far; the two agree within a pixel.
    """

    def _centres(self, simulator: Simulator) -> Array:
        from keyin_cli.datasets.pushing.render import shared

        frames = shared(SIZE).frames(simulator.motion, simulator.wall)
        return segment.unproject(segment.puck_centre(frames), SIZE)


DYNAMICS: dict[str, Callable[[int], TrueDynamics]] = {"state": TrueDynamics, "rendered": RenderedDynamics}
