"""PerAct's rule for keyframes (Shridhar et al., 2022; before it James & Davison, 2022): the gripper changes, or the arm stops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import parts
from keyin_cli.discovery.peer import GRIPPER, VELOCITIES, Demonstration, Evidence, Floats, Times
from keyin_cli.errors import InputError
from keyin_cli.methods.method import Method

STILL = 0.1  # rad/s, below which a joint stands still
REST = 4  # frames after a stop in which there is no other


def peract(closed: NDArray[np.bool_], velocity: Floats) -> Times:
    """Keyframes (n,) where the gripper changes, the arm stops while the gripper does not, and at the end.

    An arm that stands still in the first frame has stopped there, which is no keyframe, and stops no more within `REST` frames.

    Args:
        closed: the gripper (n,).
        velocity: of the joints (n,J), rad/s.
    """
    count, rest = len(closed), 0
    kept = np.zeros(count, np.bool_)
    still: NDArray[np.bool_] = np.all(np.abs(velocity) < STILL, axis=1)
    for i in range(count):
        near = closed[max(i - 2, 0) : i + 2]
        stops = bool(rest <= 0 and i != count - 2 and still[i] and (near == closed[i]).all())
        rest = REST if stops else rest - 1
        kept[i] = i > 0 and (stops or closed[i] != closed[i - 1] or i == count - 1)
    if count > 1 and kept[-1]:
        kept[-2] = False
    return kept


class PerAct:
    """Evidence: 1 where there is a keyframe (n,). The rule has no number that decides how many there are."""

    knob, usual, own = "", 0.0, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int) -> None:
        self.half = parts.half_closed(episodes, "peract")

    def look(self, episode: Demonstration) -> Evidence:
        closed = parts.part(episode, GRIPPER, "peract")[:, 0] > self.half
        return peract(closed, parts.part(episode, VELOCITIES, "peract")).astype(np.float32)

    def setting(self, evidence: Evidence, wanted: int) -> float:
        raise InputError("peract cannot be told how many keyframes there are: let it choose their number")

    def select(self, evidence: Evidence, setting: float) -> Times:
        return parts.inner(evidence > 0)


METHOD = Method(
    name="peract",
    help="where the gripper opens or closes, or the arm stands still (PerAct)",
    order=81,
    peers={"signals": PerAct},
)
