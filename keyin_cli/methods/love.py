"""LOVE (Jiang et al., 2022): frames where another skill begins, of few skills that change as seldom as actions allow.

As in its public code for demonstrations, actions follow from a frame and the skill; it is told what was done before a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from keyin_cli.discovery import chances
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Times
from keyin_cli.discovery.streams import streams
from keyin_cli.methods.method import Method
from keyin_cli.progress import track

LEAST = 3  # frames of a segment, as in its public code


class Love:
    """Evidence (n,): the chance that a segment begins at each frame."""

    knob, usual, own = "chance", 0.5, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        from keyin_cli.model.segments import learning, love_network

        self.streams = streams(episodes, "love", view, actions=True)
        seen = [self.streams(episode) for episode in episodes]
        features, actions = (each.shape[1] for each in seen[0])
        with track("love", learning.STEPS) as advance:
            self.network = learning.fit(lambda: love_network.Love(features, actions), seen, seed, lambda note: advance(note=note))

    def look(self, episode: Demonstration) -> Evidence:
        from keyin_cli.model.segments.learning import whole

        return self.network.chances(whole(*self.streams(episode)))

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return chances.setting(evidence, wanted, LEAST)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return chances.above(evidence, setting, LEAST)


METHOD = Method(
    name="love",
    help="where another skill begins, of few that change seldom and say which actions follow (LOVE)",
    order=87,
    peers={"pixels": partial(Love, view=PIXELS), "signals": partial(Love, view=SIGNALS)},
)
