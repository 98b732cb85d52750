"""Keyframes where the chance of a boundary is high enough, for methods that say one for each frame. Pure functions."""

from __future__ import annotations

import numpy as np

from keyin_cli.discovery import knobs, parts
from keyin_cli.discovery.peer import Floats, Times


def above(chances: Floats, setting: float, least: int) -> Times:
    """Frames (n,) but the first and the last whose chance is more than `setting`; of those that are less than `least` frames
    behind one that counts, or behind the first frame, none."""
    kept, last = [], 0
    for frame in np.flatnonzero(chances > setting).tolist():
        if frame - last >= least:
            kept.append(frame)
            last = frame
    return parts.at(kept, len(chances))


def setting(chances: Floats, wanted: int, least: int) -> float:
    """The highest setting with as many keyframes as wanted, else with most of those that have fewer."""
    ranked = np.unique(chances)[::-1].tolist()
    return knobs.closest(lambda each: int(above(chances, each, least).sum()), [*ranked, -1.0], wanted)
