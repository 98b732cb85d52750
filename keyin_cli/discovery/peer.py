"""Methods that look at whole demonstrations and need no stage of ours: what they see, and what they are asked.

A method's file lists them by what they look at, `peers={"pixels": …, "signals": …}`; `keyin benchmark` and docs/benchmark.md have
what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Times = NDArray[np.bool_]
Evidence = NDArray[np.floating[Any]]

PIXELS, SIGNALS = "pixels", "signals"
GRIPPER, VELOCITIES, EFFECTOR, ACTIONS = "gripper", "joint_velocities", "effector", "actions"
ROLES = (GRIPPER, VELOCITIES, EFFECTOR, ACTIONS)


@dataclass(frozen=True)
class Demonstration:
    """What was recorded of an episode of n frames, without its labels.

    Attributes:
        frames: (n,H,W,C) uint8.
        signals: (n,D) float32, all signals but actions, side by side; D is 0 where there are none.
        roles: by name of `ROLES` the columns that have that part: `gripper` (n,1), 0 open and 1 closed; `joint_velocities`
            (n,J), rad/s; `effector` (n,3), m; `actions` (n,A). Those that a dataset does not have are missing.
        fps: frames a second.
    """

    frames: NDArray[np.uint8]
    signals: NDArray[np.float32]
    fps: float
    roles: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)


class Peer(Protocol):
    """A way to find the keyframes of demonstrations. `knob` is the name of the number that decides how many there are, `usual`
    its value when nobody asks for another; `own`: whether it chooses their number itself, else it has to be told. A method that
    cannot be told has no knob, `""`."""

    knob: str
    usual: float
    own: bool

    def look(self, episode: Demonstration) -> Evidence:
        """What is to be known of an episode, whatever the knob says."""
        ...

    def setting(self, evidence: Evidence, wanted: int) -> float:
        """The knob's value at which an episode has as many keyframes as wanted, or just fewer where it cannot.

        Raises:
            InputError: the method has no knob.
        """
        ...

    def select(self, evidence: Evidence, setting: float) -> Times:
        """Keyframes (n,) of an episode of n frames. The first and the last frame are none."""
        ...


# Makes a method from all demonstrations of a dataset, none of which has labels, and a seed.
MakePeer = Callable[[Sequence[Demonstration], int], Peer]
