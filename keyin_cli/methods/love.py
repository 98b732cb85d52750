"""LOVE (Jiang et al., 2022): segments that make the actions of demonstrations short to tell, given their frames and few codes.

How many segments an episode is expected to have is what CompILE is told, and needs no labels. Learning begins there, and how many
there are in the end is what the description is shortest with.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from keyin_cli.discovery import chances
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Times
from keyin_cli.discovery.streams import streams
from keyin_cli.methods.compile_segments import LEAST, SEGMENTS
from keyin_cli.methods.method import Method
from keyin_cli.progress import track


class Love:
    """Evidence (n,): the chance that a segment begins at each frame."""

    knob, usual, own = "chance", 0.5, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        from keyin_cli.model.segments import learning, love_network

        self.streams = streams(episodes, "love", view, actions=True)
        seen = [self.streams(episode) for episode in episodes]
        (features, actions), rate = (each.shape[1] for each in seen[0]), np.mean([len(each) for each in episodes]) / SEGMENTS
        with track("love", learning.STEPS) as advance:
            self.network = learning.fit(
                lambda: love_network.Love(features, actions, max(float(rate), LEAST)),
                seen,
                seed,
                lambda note: advance(note=note),
            )

    def look(self, episode: Demonstration) -> Evidence:
        from keyin_cli.model.segments.learning import whole

        return self.network.chances(whole(*self.streams(episode)))

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return chances.setting(evidence, wanted)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return chances.above(evidence, setting)


METHOD = Method(
    name="love",
    help="segments whose actions follow from frames and a few codes, told as briefly as can be (LOVE)",
    order=91,
    peers={"pixels": partial(Love, view=PIXELS), "signals": partial(Love, view=SIGNALS)},
)
