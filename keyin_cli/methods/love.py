"""LOVE (Jiang et al., 2022): segments that make the actions of demonstrations short to tell, given their frames and few codes.

How many segments an episode is expected to have is what CompILE is told, and needs no labels. Learning begins there, and how many
there are in the end is what the description is shortest with.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keyin_cli.discovery.peer import PIXELS, SIGNALS
from keyin_cli.discovery.segmenting import Beginnings
from keyin_cli.methods.method import Method

if TYPE_CHECKING:
    from keyin_cli.model.segments.love_network import Love


def network(features: int, actions: int, expected: float) -> Love:
    from keyin_cli.model.segments.love_network import Love

    return Love(features, actions, expected)


LOVE = partial(Beginnings, method="love", actions=True, make=network)
METHOD = Method(
    name="love",
    help="segments whose actions follow from frames and a few codes, told as briefly as can be (LOVE)",
    order=91,
    peers={"pixels": partial(LOVE, view=PIXELS), "signals": partial(LOVE, view=SIGNALS)},
)
