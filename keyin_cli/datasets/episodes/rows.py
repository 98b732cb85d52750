"""An episode as a kind of dataset makes it: what is seen and recorded, and the events in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

STATE, ACTION = "observation.state", "action"  # the signals that every kind has


class Event(NamedTuple):
    """What happens in an episode: the first frame that shows it, and in words what was done until then."""

    frame: int
    name: str


@dataclass(frozen=True)
class EpisodeRows:
    """An episode of n frames.

    Attributes:
        frames: (n,H,W,C) uint8.
        signals: by name (n,D) float32; `observation.state` is one of them.
        events: in order. The first and the last frame have none, because nothing is scored there.
        told: what else is recorded of the episode, as JSON has it.
    """

    frames: NDArray[np.uint8]
    signals: Mapping[str, NDArray[np.float32]]
    events: Sequence[Event]
    told: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises:
        ValueError: an array has not a row for each frame, or events are where none can be.
        """
        count = len(self.frames)
        if self.frames.ndim != 4 or self.frames.dtype != np.uint8:
            raise ValueError(f"frames are {self.frames.shape} {self.frames.dtype}, expected (n,H,W,C) uint8")
        for name, values in self.signals.items():
            if values.ndim != 2 or len(values) != count or values.dtype != np.float32:
                raise ValueError(f"{name} is {values.shape} {values.dtype}, expected ({count},D) float32")
        times = [0, *(event.frame for event in self.events), count - 1]
        if self.events and any(after <= before for before, after in pairwise(times)):
            raise ValueError(f"events at the frames {times[1:-1]} of {count}: expected increasing ones between first and last")

    @property
    def keyframes(self) -> NDArray[np.bool_]:
        """Where events are (n,)."""
        found = np.zeros(len(self.frames), dtype=np.bool_)
        found[[event.frame for event in self.events]] = True
        return found
