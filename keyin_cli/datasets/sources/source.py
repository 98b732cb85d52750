"""What `keyin import` needs to know of a format of demonstrations. A new format is one file in this folder that assigns `SOURCE`.

A source has episodes; an episode is read from its beginning in pieces, so that a long video needs little memory. Nothing that
comes from a source is trusted: names are data, numbers are checked, no pickle is read, no path leaves the source.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from keyin_cli.errors import InputError, shown
from keyin_cli.machine import free_memory
from keyin_cli.registry import LAST, SOURCES

Frames = NDArray[np.uint8]
PIECE = 64  # frames, about, that a source reads at once
LARGEST = 8192  # px of a frame's side: more is a mistake, or an attack


@dataclass(frozen=True)
class Piece:
    """k consecutive frames of an episode.

    Attributes:
        frames: (k,H,W,C) uint8 with C 1 or 3.
        numbers: (k,) int64, the frames' numbers in the source's episode, from 0.
        seconds: (k,) float64 since the episode's beginning, increasing.
        signals: by name (k,D) float32, of the same moments.
    """

    frames: Frames
    numbers: NDArray[np.int64]
    seconds: NDArray[np.float64]
    signals: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What is to be read: the camera (None where there is only one) and the names of signals."""

    camera: str | None = None
    signals: Sequence[str] = ()


class Source(Protocol):
    """An opened source. `names` of all episodes in order, unique; `cameras` and `signals` that can be asked for."""

    names: Sequence[str]
    cameras: Sequence[str]
    signals: Sequence[str]

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        """The frames of an episode, from its first.

        Raises:
            InputError: the episode is damaged.
        """
        ...

    def labels(self, episode: int) -> NDArray[np.int64] | None:
        """Numbers of the frames that the source says are keyframes, subtask ends for example; None where it says nothing."""
        ...


@dataclass(frozen=True)
class SourceKind:
    """A format.

    Attributes:
        name: as `keyin import --format` has it.
        help: one line for a list.
        recognises: whether a path looks like this format. It reads names and a few bytes at most.
        open: opens a path.
        order: its place among those that are asked in turn.
    """

    name: str
    help: str
    recognises: Callable[[Path], bool]
    open: Callable[[Path], Source]
    order: int = LAST


@contextmanager
def bounded() -> Iterator[None]:
    """Let this process take no more memory than is free now, whatever a library makes of a source: a bomb that no check knows
    raises a MemoryError, and does not end other programs. Without /proc nothing is bounded."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    used = [1024 * int(line.split()[1]) for line in lines if line.startswith("VmData:")]
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [used[0] + free_memory() if used else soft, soft, hard]
    most = min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def open_source(path: Path, name: str | None = None) -> tuple[SourceKind, Source]:
    """Open what is at a path, as the format of that name or as the first that recognises it.

    Raises:
        InputError: there is nothing, no format recognises it, or it is damaged.
    """
    if not path.exists():
        raise InputError(f"nothing at {shown(path)}: give a video, a folder of videos, or a dataset of demonstrations")
    kind: SourceKind | None = SOURCES.get(name) if name else None
    if kind is None:
        kind = next((each for each in SOURCES.usable().values() if each.recognises(path)), None)
    if kind is None:
        known = ", ".join(f"{card.name} ({card.help})" for card in SOURCES.cards.values())
        raise InputError(f"{shown(path)} is in no format that is known: {known}")
    source = kind.open(path)
    if not source.names:
        raise InputError(f"{shown(path)} has no episodes: give another")
    return kind, source


def chosen_camera(source: Source, camera: str | None, path: Path) -> str | None:
    """The camera that is asked for, or the only one.

    Raises:
        InputError: there is none of that name; there are several and none is asked for.
    """
    known, where = shown(", ".join(source.cameras)), shown(path)
    if camera is None:
        if len(source.cameras) > 1:
            raise InputError(f"{where} has several cameras: choose one with --camera ({known})")
        return source.cameras[0] if source.cameras else None
    if camera not in source.cameras:
        raise InputError(
            f"{where} has no camera {camera}" + (f": there are {known}" if known else ", it has one camera without a name")
        )
    return camera


def checked_size(height: int, width: int, where: object) -> None:
    """Raises:
    InputError: frames of that size are refused.
    """
    if not (0 < height <= LARGEST and 0 < width <= LARGEST):
        raise InputError(f"{where} has frames of {height}x{width} px, at most {LARGEST}x{LARGEST} are read: make them smaller")


def brightest(first: NDArray[Any]) -> float:
    """The value of a white pixel, judged by some images: floats that are at most 1 are in [0,1], all else is in [0,255]. Decided
    once for a source, or dark frames would be made bright."""
    return 1.0 if first.dtype.kind == "f" and first.size and float(first.max()) <= 1 else 255.0


def to_uint8(array: Any, white: float, where: object) -> Frames:
    """Frames (k,H,W) or (k,H,W,C) of any number type as (k,H,W,1 or 3) uint8; a fourth channel (alpha) is dropped.

    Args:
        white: see `brightest`.
        where: they are from, for the error.

    Raises:
        InputError: the shape or the type is none of images, or a value is no number.
    """
    frames = np.asarray(array)
    if frames.ndim == 3:
        frames = frames[..., None]
    if frames.ndim != 4 or frames.shape[-1] not in (1, 3, 4) or frames.dtype.kind not in "uif":
        raise InputError(f"{where} is {np.shape(array)} {frames.dtype}, expected images (frames, height, width, 1, 3 or 4)")
    checked_size(frames.shape[1], frames.shape[2], where)
    frames = frames[..., :3] if frames.shape[-1] == 4 else frames
    if frames.dtype.kind == "f":
        if not np.isfinite(frames).all():
            raise InputError(f"{where} has values that are no numbers")
        frames = frames * (255.0 / white)
    return np.asarray(frames if frames.dtype == np.uint8 else np.clip(np.rint(frames), 0, 255), dtype=np.uint8)
