"""Episodes of any length in a Zarr group, in the layout that robot learning has from diffusion_policy.

    data/frames        (total,H,W,C) uint8    all episodes, one after another
    data/<signal>      (total,D) float32      states, actions: whatever was recorded with the frames
    data/keyframes     (total,) bool          labels, for evaluation only; optional
    data/source_frame  (total,) int64         the number of the frame in the source's episode
    data/seconds       (total,) float64       since the beginning of the episode
    meta/episode_ends  (n,) int64             where each episode ends
    meta/split         (n,) uint8             0 train, 1 val, 2 test; without it every episode is in every split

The attributes have the rate, and of every episode its name, its number in the source, its length and a checksum; where
they are known, also its events, [{"frame": 17, "name": "grasp the cube"}, …], and `roles`, the parts that signals have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.groups import headers
from keyin_cli.datasets.groups.group import Group
from keyin_cli.datasets.groups.headers import Header
from keyin_cli.datasets.shards import checksum
from keyin_cli.datasets.sources import arrays
from keyin_cli.datasets.sources.source import LARGEST
from keyin_cli.errors import InputError, shown
from keyin_cli.recipe import digest

FRAMES, KEYFRAMES, ENDS, SPLIT = "data/frames", "data/keyframes", "meta/episode_ends", "meta/split"
SOURCE_FRAME, SECONDS = "data/source_frame", "data/seconds"
READ = 1000  # frames at once
GENERATOR, VERSION = "keyin import", 2
GENERATED = "keyin gen-data"  # the generator of episodes that a kind of dataset makes
COMPLETE = 2  # the version since which every chunk has a file, of zeros too
NO_SIGNALS = ("frames", "keyframes", "source_frame", "seconds")


@dataclass(frozen=True)
class Episodes:
    """An opened dataset. `ends` (n,) int64; `image` (H,W,C) of a frame; `fps` frames a second."""

    path: Path
    group: Group
    ends: NDArray[np.int64]
    image: tuple[int, int, int]
    fps: float

    @property
    def n(self) -> int:
        return len(self.ends)

    @property
    def total(self) -> int:
        """Frames of all episodes."""
        return int(self.ends[-1]) if self.n else 0

    @property
    def attributes(self) -> dict[str, Any]:
        return self.group.attributes

    @property
    def records(self) -> list[dict[str, Any]]:
        """What is recorded of every episode (n,); nothing in a dataset that was made elsewhere."""
        return self.attributes.get("episodes") or []

    @property
    def labelled(self) -> bool:
        return KEYFRAMES in self.group

    @cached_property
    def begins(self) -> NDArray[np.int64]:
        """Where each episode begins (n,)."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.ends - self.begins

    @cached_property
    def names(self) -> list[str]:
        """What people call the episodes."""
        return [record["name"] for record in self.records] or [f"episode {i}" for i in range(self.n)]

    def source(self, index: int) -> int:
        """The number in the source of an episode."""
        return int(self.records[index]["source"]) if self.records else index

    @property
    def signals(self) -> dict[str, int]:
        """The size D of every signal, by name."""
        return {name: array.shape[1] for name, array in _signals(self.group).items()}

    @cached_property
    def splits(self) -> NDArray[np.uint8] | None:
        """0 train, 1 val, 2 test of every episode (n,); None where every episode is in every split.

        Raises:
            InputError: it is something else.
        """
        if SPLIT not in self.group:
            return None
        found = self.read(SPLIT, 0, self.n)
        if found.max() > 2:
            raise InputError(f"{self.path}: {SPLIT} has {found.max()}, expected 0 train, 1 val or 2 test: import it again")
        return found

    @cached_property
    def sha256(self) -> str:
        """The recorded checksum of everything in it; of its frames and ends, read now, when it was not made here."""
        if recorded := self.attributes.get("sha256"):
            return str(recorded)
        content = hashlib.sha256(self.ends.tobytes())
        for begin in range(0, self.total, READ):
            content.update(checksum(self.read(FRAMES, begin, min(begin + READ, self.total))).encode())
        return content.hexdigest()

    def verify(self) -> Iterator[bool]:
        """Decode every episode and compare it with its recorded checksums; yields per episode, True when it is whole."""
        sums = [record.get("sha256") for record in self.records]
        recorded = self.attributes.get("sha256", digest(sums)) == digest(sums)
        for index, expected in enumerate(sums):
            try:
                yield recorded and isinstance(expected, dict) and FRAMES in expected and self._is_whole(index, expected)
            except InputError:
                yield False

    def _is_whole(self, index: int, expected: dict[str, Any]) -> bool:
        return all(checksum(self.episode(index, name)) == each for name, each in expected.items())

    def row(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """The shape and type of a row of an array."""
        array = self._array(name)
        return array.shape[1:], array.dtype

    def episode(self, index: int, name: str = FRAMES) -> NDArray[Any]:
        """The rows of one array that belong to an episode."""
        return self.read(name, int(self.begins[index]), int(self.ends[index]))

    def read(self, name: str, begin: int, end: int) -> NDArray[Any]:
        """Rows `begin` … `end - 1` of an array.

        Raises:
            InputError: they cannot be decoded.
        """
        with arrays.decoding(f"{shown(self.path)}: {name} {begin} to {end - 1}"):
            return np.asarray(self._array(name)[begin:end])

    def _array(self, name: str) -> Any:
        """An array, whose chunks have to be there where that can be told: all that was written here, and all frames."""
        whole = self.attributes.get("generator") in (GENERATOR, GENERATED) or name == FRAMES
        is_old = self.attributes.get("generator") == GENERATOR and self.attributes.get("version") == COMPLETE - 1
        return self.group.array(name, self._rows(name) if whole and not is_old else None)

    def _rows(self, name: str) -> int:
        return self.n if name in (ENDS, SPLIT) else self.total


def is_episodes(path: Path) -> bool:
    """Whether a Zarr group has this layout."""
    return path.joinpath(*ENDS.split("/"), "zarr.json").is_file() and path.joinpath(*FRAMES.split("/"), "zarr.json").is_file()


def open_episodes(path: Path) -> Episodes:
    """Open episodes and check their layout.

    Raises:
        InputError: there are none, or they are damaged.
    """
    if not path.exists():
        raise InputError(f"no dataset at {path}: make one with `keyin import`")
    none = InputError(f"{shown(path)} is no dataset of episodes: expected a Zarr group with {FRAMES} and {ENDS}")
    if not path.is_dir():
        raise none
    group = Group(path)
    for folder in ("data/", "meta/"):
        headers.attributes(group.root, folder)
    said, frames, last = group.attributes, group.header(FRAMES), group.header(ENDS)
    others = {name: group.header(name) for name in (KEYFRAMES, SPLIT, SOURCE_FRAME, SECONDS)}
    if frames is None or last is None:
        raise none
    where = shown(path)
    if len(frames.shape) != 4 or frames.dtype != np.uint8 or frames.shape[-1] not in (1, 3) or 0 in frames.shape[1:]:
        raise InputError(f"{where}: {FRAMES} is {frames.shape} {frames.dtype}, expected (total,H,W,1 or 3) uint8")
    arrays.checked_images(frames, f"{where}: {FRAMES}")
    if len(last.shape) != 1 or last.dtype.kind not in "iu" or not 0 < last.shape[0] <= arrays.MOST:
        raise InputError(f"{where}: {ENDS} is {last.shape} {last.dtype}, expected where each episode ends")
    with arrays.decoding(f"{where}: {ENDS}"):
        ends = np.asarray(group.array(ENDS)[...])
    if (np.diff(ends.astype(np.int64), prepend=0) <= 0).any():
        raise InputError(f"{where}: {ENDS} do not increase from episode to episode")
    if ends[-1] != frames.shape[0]:
        raise InputError(f"{where}: the episodes end at frame {ends[-1]}, {FRAMES} has {frames.shape[0]}")
    _check_others(path, others, _signals(group), frames.shape[0], len(ends))
    height, width, channels = frames.shape[1:]
    fps = said.get("fps", 10.0)
    if not isinstance(fps, int | float) or isinstance(fps, bool) or not 0 < fps < 1e6:
        raise InputError(f"{where}: its attribute fps is {shown(fps):.40}, expected frames a second")
    if not isinstance(said.get("sha256", ""), str):
        raise InputError(f"{where}: its attribute sha256 is no checksum: import it again")
    records = said.get("episodes") or []
    if not (isinstance(records, list) and len(records) in (0, len(ends)) and all(map(_is_record, records))):
        raise InputError(f"{where}: its attribute episodes is damaged: import it again")
    episodes = Episodes(path, group, ends.astype(np.int64), (height, width, channels), float(fps))
    for name in (FRAMES, *(name for name, array in others.items() if array), *(f"data/{name}" for name in episodes.signals)):
        episodes.row(name)  # all that can be told without reading it
    return episodes


def _is_record(record: object) -> bool:
    if not (isinstance(record, dict) and isinstance(record.get("name"), str) and type(record.get("source")) is int):
        return False
    events = record.get("events", [])
    return isinstance(events, list) and all(map(_is_event, events))


def _is_event(event: object) -> bool:
    return isinstance(event, dict) and isinstance(event.get("name"), str) and type(event.get("frame")) is int


def _signals(group: Group) -> dict[str, Header]:
    """The arrays of numbers (rows,D), by name."""
    there = {name: group.header(f"data/{name}") for name in group.names("data") if name not in NO_SIGNALS}
    return {name: array for name, array in there.items() if array and array.dtype.kind in "iuf" and len(array.shape) == 2}


def _check_others(path: Path, others: Mapping[str, Header | None], signals: Mapping[str, Header], total: int, n: int) -> None:
    """Raises:
    InputError: an array beside the frames does not belong to them.
    """
    where = shown(path)
    expected = {KEYFRAMES: ((total,), "b"), SPLIT: ((n,), "u"), SOURCE_FRAME: ((total,), "i"), SECONDS: ((total,), "f")}
    for name, (shape, kind) in expected.items():
        if (array := others[name]) is None and (path / name).exists():
            raise InputError(f"{where}: {name} is no array: copy or import it again")
        if array is not None and (array.shape != shape or array.dtype.kind != kind):
            raise InputError(f"{where}: {name} is {array.shape} {array.dtype}, which does not fit the frames")
    for name, array in signals.items():
        if array.shape[0] != total or not 0 < array.shape[1] <= LARGEST:
            raise InputError(f"{where}: the signal {name} is {array.shape}, which does not fit {total} frames: leave it out")
