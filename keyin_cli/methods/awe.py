"""Automatic waypoint extraction (AWE; Shi et al., 2023, section 3): the fewest straight pieces that stay near the hand's path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from keyin_cli.discovery import knobs, parts
from keyin_cli.discovery.peer import EFFECTOR, GRIPPER, Demonstration, Evidence, Floats, Times
from keyin_cli.methods.method import Method

USUAL = 0.005  # m: the bound that AWE has for robomimic's arms; no label chose it here
LONGEST = 1000  # frames of an episode: there are n³/6 distances, which takes half a minute then
FORCED = 1000.0  # m, that a piece is wrong by for every change of the gripper inside it: beyond any bound that is asked for

Changes = NDArray[np.bool_]


def errors(path: Floats, changes: Changes) -> NDArray[np.float64]:
    """How far a path is from the straight piece between two of its points.

    E(i,j) is the greatest distance of the points i … j-1 from the piece from i to j, and `FORCED` more for every change inside
    it, so that changes end pieces unless fewer pieces than changes are wanted. AWE adds errors of orientation, which not every
    dataset has.

    Args:
        path: (n,3), m.
        changes: (n,), the frames where the gripper is another than in the frame before.

    Returns:
        (n,n) float64, m, infinite where j <= i. Takes n³/6 distances.
    """
    n, path = len(path), path.astype(np.float64)
    before = np.concatenate([[0], changes.cumsum()])
    found = np.full((n, n), np.inf)
    for length in range(1, n):
        begins = np.arange(n - length)
        points = sliding_window_view(path, length + 1, axis=0)[:, :, :-1]  # (n-length,3,length), from i to j-1
        start = path[:-length, :, None]
        piece = path[length:, :, None] - start
        along = ((points - start) * piece).sum(1, keepdims=True)
        square = (piece**2).sum(1, keepdims=True)
        share = np.divide(along, square, out=np.zeros_like(along), where=square > 0).clip(0, 1)
        away = np.sqrt(((points - start - share * piece) ** 2).sum(1)).max(1)
        crossed = before[begins + length] - before[begins + 1]
        found[begins, begins + length] = away + FORCED * crossed
    return found


def fewest(wrong: Floats, bound: float) -> Times:
    """Inner ends (n,) of the fewest pieces from the first point to the last that are all wrong by less than a bound, by dynamic
    programming; of as few the ones that are wrong by least together.

    Args:
        wrong: E(i,j), (n,n).
        bound: above 0, so that pieces of one step are always allowed.
    """
    n = len(wrong)
    cost = np.where(wrong < bound, 1.0, np.inf)
    pieces, together = np.full(n, np.inf), np.full(n, np.inf)
    pieces[0] = together[0] = 0
    back = np.zeros(n, np.int64)
    for j in range(1, n):
        counts = pieces[:j] + cost[:j, j]
        sums = np.where(counts == counts.min(), together[:j] + wrong[:j, j], np.inf)
        back[j] = sums.argmin()
        pieces[j], together[j] = counts[back[j]], sums[back[j]]
    ends, j = [], n - 1
    while j > 0:
        ends.append(j)
        j = int(back[j])
    return parts.at(ends, n)


class Awe:
    """Evidence: E(i,j), (n,n)."""

    knob, usual, own = "error", USUAL, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int) -> None:
        parts.check_lengths(episodes, LONGEST, "awe")
        grips = all(GRIPPER in episode.roles for episode in episodes)
        self.half = parts.half_closed(episodes, "awe") if grips else None

    def look(self, episode: Demonstration) -> Evidence:
        changes = np.zeros(len(episode), np.bool_)
        if self.half is not None:
            changes[1:] = np.diff(episode.roles[GRIPPER][:, 0] > self.half)
        return errors(parts.part(episode, EFFECTOR, "awe"), changes)

    def setting(self, evidence: Evidence, wanted: int) -> float:
        tried = np.nextafter(np.unique(evidence[np.isfinite(evidence)]), np.inf)
        if not len(tried):
            return USUAL
        return knobs.lowest(lambda bound: int(fewest(evidence, bound).sum()), tried.tolist(), wanted)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return fewest(evidence, setting)


METHOD = Method(
    name="awe",
    help="the fewest straight pieces of the hand's path within an error, which end where the gripper changes (AWE)",
    order=82,
    peers={"signals": Awe},
)
