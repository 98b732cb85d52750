"""What methods share that train a network of segments on all demonstrations, and then read each of them with it.

How long a segment is expected to be is an episode's mean length over `SEGMENTS`, which needs no labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from keyin_cli.discovery import chances
from keyin_cli.discovery.peer import Demonstration, Evidence, Times
from keyin_cli.discovery.streams import streams
from keyin_cli.progress import track

if TYPE_CHECKING:
    from keyin_cli.model.segments.learning import Beginner, Pieces, Segmenter

Network = TypeVar("Network", bound="Segmenter")

SEGMENTS = 10  # of an episode
LEAST = 2.0  # frames of a segment that are expected, at least


class Segmenting(Generic[Network]):
    """A trained network, and what it is given of an episode."""

    def __init__(
        self,
        episodes: Sequence[Demonstration],
        seed: int,
        *,
        method: str,
        view: str,
        actions: bool,
        make: Callable[[int, int, float], Network],
    ) -> None:
        """
        Args:
            method: whose network it is.
            view: what it looks at.
            actions: whether it is given actions, too.
            make: of how many features and actions a frame has (none, if it is given none), and how many frames a segment is
                expected to have, the network.

        Raises:
            InputError: the dataset has no signals, or no actions, and they are asked for.
        """
        from keyin_cli.model.segments import learning

        self.streams = streams(episodes, method, view, actions)
        seen = [self.streams(episode) for episode in episodes]
        features, done = (each.shape[1] for each in seen[0])
        expected = max(float(np.mean([len(each) for each in episodes]) / SEGMENTS), LEAST)
        with track(method, learning.STEPS) as advance:
            self.network = learning.fit(lambda: make(features, done, expected), seen, seed, lambda note: advance(note=note))

    def read(self, episode: Demonstration) -> Pieces:
        from keyin_cli.model.segments.learning import whole

        return whole(*self.streams(episode))


class Beginnings(Segmenting["Beginner"]):
    """Evidence (n,): the chance that a segment begins at each frame."""

    knob, usual, own = "chance", 0.5, True
    network: Beginner

    def look(self, episode: Demonstration) -> Evidence:
        return self.network.chances(self.read(episode))

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return chances.setting(evidence, wanted)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return chances.above(evidence, setting)
