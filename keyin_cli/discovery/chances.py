"""Keyframes where the chance of a boundary is high enough, for methods that say one for each frame. Pure functions."""

from __future__ import annotations

import numpy as np

from keyin_cli.discovery import knobs, parts
from keyin_cli.discovery.peer import Floats, Times


def above(chances: Floats, setting: float) -> Times:
    """Frames (n,) but the first and the last whose chance is more than `setting`."""
    return parts.inner(chances > setting)


def setting(chances: Floats, wanted: int) -> float:
    """A setting with as many keyframes as wanted, else one with most of those that have fewer."""
    ranked = np.unique(chances)[::-1].tolist()
    return knobs.closest(lambda each: int(above(chances, each).sum()), [*ranked, -1.0], wanted)
