"""VTA (Kim, Ahn and Bengio, 2019): frames where the state that governs a segment has to change, as a posterior says.

It sees frames, or signals, and no actions. Its public code has convolutions for pixels, here are principal components. There the
deviation of an error is 1, which thousands of pixels outweigh; here it is learned, as features are few. And the divergence of
boundaries is that of choices, not of relaxed ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from keyin_cli.discovery import chances
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Times
from keyin_cli.discovery.streams import streams
from keyin_cli.methods.method import Method
from keyin_cli.progress import track


class Vta:
    """Evidence (n,): the chance that a segment begins at each frame."""

    knob, usual, own = "chance", 0.5, True

    def __init__(self, episodes: Sequence[Demonstration], seed: int, view: str) -> None:
        from keyin_cli.model.segments import learning, vta_network

        self.streams = streams(episodes, "vta", view, actions=False)
        seen = [self.streams(episode) for episode in episodes]
        features = seen[0][0].shape[1]
        with track("vta", learning.STEPS) as advance:
            self.network = learning.fit(lambda: vta_network.Vta(features), seen, seed, lambda note: advance(note=note))

    def look(self, episode: Demonstration) -> Evidence:
        from keyin_cli.model.segments.learning import whole

        return self.network.chances(whole(*self.streams(episode)))

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return chances.setting(evidence, wanted)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return chances.above(evidence, setting)


METHOD = Method(
    name="vta",
    help="where the state that governs a segment changes, by a model of frames with two levels (VTA)",
    order=89,
    peers={"pixels": partial(Vta, view=PIXELS), "signals": partial(Vta, view=SIGNALS)},
)
