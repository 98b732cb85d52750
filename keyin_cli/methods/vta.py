"""VTA (Kim, Ahn and Bengio, 2019): frames where the state that governs a segment has to change, as a posterior says.

It sees frames, or signals, and no actions. Its public code has convolutions for pixels, here are principal components. There the
deviation of an error is 1, which thousands of pixels outweigh; here it is learned, as features are few. And the divergence of
boundaries is that of choices, not of relaxed ones.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from keyin_cli.discovery.peer import PIXELS, SIGNALS
from keyin_cli.discovery.segmenting import Beginnings
from keyin_cli.methods.method import Method

if TYPE_CHECKING:
    from keyin_cli.model.segments.vta_network import Vta


def network(features: int, actions: int, expected: float) -> Vta:
    from keyin_cli.model.segments.vta_network import Vta

    return Vta(features)


VTA = partial(Beginnings, method="vta", actions=False, make=network)
METHOD = Method(
    name="vta",
    help="where the state that governs a segment changes, by a model of frames with two levels (VTA)",
    order=89,
    peers={"pixels": partial(VTA, view=PIXELS), "signals": partial(VTA, view=SIGNALS)},
)
