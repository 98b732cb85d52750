"""What a page shows, whatever it is about. Frames are read only while they are drawn, so that long datasets fit into memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.found import FoundEpisode

Frames = NDArray[np.uint8]
Indices = NDArray[np.int64]
Values = NDArray[np.floating[Any]]
Read = Callable[[], Frames]

SHOWN = 50  # episodes on a page, at most, unless others are asked for
SHOWN_FRAMES = 200_000  # frames of all of them


@dataclass(frozen=True)
class EpisodeView:
    """An episode of n frames; keyframes are indices 0…n-1 of these frames.

    Attributes:
        number: the episode's number in its source.
        name: what it is called there; foreign text.
        read: gives the frames (n,H,W,C) uint8.
        source_frames: (n,) increasing numbers of the frames in the source.
        seconds: (n,) since the episode's beginning.
        keyframes: (k,) increasing; None where nobody looked for any yet, which is other than none found.
        found: what is known of these keyframes, one to one; it goes back into the downloaded file as it is.
        labels: (l,) true keyframes.
        probability: (n,) the chance that each frame is a keyframe.
        cost: (n,) nats of each frame, inpainted between its two found keyframes.
        inpainted: gives these frames (n,H,W,C) uint8.
        others: keyframes by other methods, by their name.
        signals: (n,D) each, by name: states, actions.
    """

    number: int
    name: str
    read: Read
    source_frames: Indices
    seconds: Values
    keyframes: Indices | None
    found: FoundEpisode | None = None
    labels: Indices | None = None
    probability: Values | None = None
    cost: Values | None = None
    inpainted: Read | None = None
    others: Mapping[str, Indices] = field(default_factory=dict)
    signals: Mapping[str, Values] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.source_frames)


@dataclass(frozen=True)
class Editing:
    """What the downloaded file says beside the episodes, see `discovery.found.Found`. `rest`: episodes that are not shown."""

    source: str
    dataset: str
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    rest: Sequence[FoundEpisode] = ()


@dataclass(frozen=True)
class Interval:
    """A figure with the ends of its 95 % interval.

    Raises:
        ValueError, TypeError: one is no finite number.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.value, self.low, self.high))):
            raise ValueError("an interval is not finite")


Cell = str | Interval


@dataclass(frozen=True)
class Table:
    """Rows of cells under columns; `notes` are lines below it. Intervals are drawn on one scale from `low` to `high`."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Line:
    """A line of a chart: points (m,), in the order of `x`. A faint one is drawn behind the line of the same name.

    Raises:
        ValueError: `x` and `y` are not of the same length.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    faint: bool = False

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError("a line has not one value for each place")


@dataclass(frozen=True)
class Chart:
    """Lines over one axis; `ends` are marked on it, such as ends of phases. `log`: of the values' axis. Charts of one `group`
    stand together under its name."""

    group: str
    title: str
    x: str
    lines: Sequence[Line]
    log: bool = False
    ends: Sequence[float] = ()


@dataclass(frozen=True)
class Scene:
    """Planned episodes of a method as the page's script takes them; `imagined` has strips of subgoals, PNG files, by task."""

    method: str
    tasks: Sequence[Mapping[str, Any]]
    imagined: Mapping[int, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Everything that a page shows. Whatever is empty has no place on it.

    Attributes:
        kind: one word or two for what it is about.
        title: its name.
        about: one sentence.
        facts: figures by what they are.
        fps: frames of the episodes a second.
        left_out: a line about what is not shown.
        editing: None where keyframes can be looked at, not edited; `locked` then says why.
        compared: the method that `EpisodeView.keyframes` are by, where there are `others`; the first table then stands first.
        pictures: image and film files below `folder`.
        manifests: what made it, by name.
    """

    kind: str
    title: str
    about: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    episodes: Sequence[EpisodeView] = ()
    fps: float = 10.0
    left_out: str = ""
    editing: Editing | None = None
    locked: str = ""
    compared: str = ""
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    scenes: Sequence[Scene] = ()
    pictures: Sequence[Path] = ()
    manifests: Mapping[str, Any] = field(default_factory=dict)
