"""CompILE (Kipf et al., 2019): boundaries of segments, each of whose actions follow from its frames and one latent.

Its segments come one after another, so where their number is told, that many are cut off and the rest is the last. Where it is
not, there are at most `SEGMENTS`, and how long one is expected to be is an episode's mean length over that number: it needs no
labels.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from keyin_cli.discovery import parts
from keyin_cli.discovery.peer import PIXELS, SIGNALS, Demonstration, Evidence, Times
from keyin_cli.discovery.segmenting import SEGMENTS, Segmenting
from keyin_cli.methods.method import Method

if TYPE_CHECKING:
    from keyin_cli.model.segments.compile_network import Compile


def network(features: int, actions: int, expected: float) -> Compile:
    from keyin_cli.model.segments.compile_network import Compile

    return Compile(features, actions, expected)


class Turns(Segmenting["Compile"]):
    """Evidence (n,): 1 at the first boundary, 2 at the second, …, else 0."""

    knob, usual, own = "segments", float(SEGMENTS), True

    def look(self, episode: Demonstration) -> Evidence:
        turns = np.zeros(len(episode))
        found = self.network.boundaries(self.read(episode), len(episode))
        turns[found] = np.arange(1, len(found) + 1)
        return turns

    def setting(self, evidence: Evidence, wanted: int) -> float:
        return float(wanted + 1)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return parts.inner((evidence > 0) & (evidence < setting))


COMPILE = partial(Turns, method="compile", actions=True, make=network)
METHOD = Method(
    name="compile",
    help="segments whose actions follow from one latent each (CompILE)",
    order=87,
    peers={"pixels": partial(COMPILE, view=PIXELS), "signals": partial(COMPILE, view=SIGNALS)},
)
