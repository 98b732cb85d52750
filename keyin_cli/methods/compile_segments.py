"""CompILE (Kipf et al., 2019): boundaries of segments, each of whose actions follow from its frames and one latent.

Its segments come one after another, so where their number is told, that many are cut off and the rest is the last. Where it is
not, there are at most `SEGMENTS`, and how long one is expected to be is an episode's mean length over that number: it needs no
labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from keyin_cli.discovery import parts
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Times
from keyin_cli.discovery.streams import streams
from keyin_cli.methods.method import Method
from keyin_cli.progress import track

SEGMENTS = 10  # of an episode
LEAST = 2.0  # frames of a segment that are expected, at least


class Compile:
    """Evidence (n,): 1 at the first boundary, 2 at the second, …, else 0."""

    knob, usual, own = "segments", float(SEGMENTS), True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        from keyin_cli.model.segments import compile_network, learning

        self.streams = streams(episodes, "compile", view, actions=True)
        seen = [self.streams(episode) for episode in episodes]
        (features, actions), rate = (each.shape[1] for each in seen[0]), np.mean([len(each) for each in episodes]) / SEGMENTS
        with track("compile", learning.STEPS) as advance:
            self.network = learning.fit(
                lambda: compile_network.Compile(features, actions, max(float(rate), LEAST)),
                seen,
                seed,
                lambda note: advance(note=note),
            )

    def look(self, episode: Demonstration) -> Evidence:
        from keyin_cli.model.segments.learning import whole

        turns = np.zeros(len(episode))
        found = self.network.boundaries(whole(*self.streams(episode)), len(episode))
        turns[found] = np.arange(1, len(found) + 1)
        return turns

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return float(wanted + 1)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return parts.inner((evidence > 0) & (evidence < setting))


METHOD = Method(
    name="compile",
    help="segments whose actions follow from one latent each (CompILE)",
    order=87,
    peers={"pixels": partial(Compile, view=PIXELS), "signals": partial(Compile, view=SIGNALS)},
)
