"""Episodes of any length in a Zarr group, in the layout that robot learning has from diffusion_policy.

    data/frames        (total,H,W,C) uint8    all episodes, one after another
    data/<signal>      (total,D) float32      states, actions: whatever was recorded with the frames
    data/keyframes     (total,) bool          labels, for evaluation only; optional
    data/source_frame  (total,) int64         the number of the frame in the source's episode
    data/seconds       (total,) float64       since the beginning of the episode
    meta/episode_ends  (n,) int64             where each episode ends
    meta/split         (n,) uint8             0 train, 1 val, 2 test; without it every episode is in every split

The attributes have the rate, and of every episode its name, its number in the source, its length and a checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from keyin_cli.datasets.shards import UNREADABLE, array_of, checksum
from keyin_cli.errors import InputError, shown
from keyin_cli.recipe import digest

FRAMES, KEYFRAMES, ENDS, SPLIT = "data/frames", "data/keyframes", "meta/episode_ends", "meta/split"
SOURCE_FRAME, SECONDS = "data/source_frame", "data/seconds"
READ = 1000  # frames at once
DAMAGED = (*UNREADABLE, TypeError, AttributeError, IndexError)  # what Zarr raises for damaged metadata
NO_SIGNALS = ("frames", "keyframes", "source_frame", "seconds")


@dataclass(frozen=True)
class Episodes:
    """An opened dataset. `ends` (n,) int64; `image` (H,W,C) of a frame; `fps` frames a second."""

    path: Path
    group: zarr.Group
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
        return self.group.attrs.asdict()

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
        data = self.group["data"]
        assert isinstance(data, zarr.Group)
        return {name: array.shape[1] for name, array in sorted(data.arrays()) if name not in NO_SIGNALS and array.ndim == 2}

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
            except (InputError, KeyError, AssertionError):
                yield False

    def _is_whole(self, index: int, expected: dict[str, Any]) -> bool:
        return all(checksum(self.episode(index, name)) == each for name, each in expected.items())

    def row(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """The shape and type of a row of an array."""
        array = array_of(self.group, name)
        return array.shape[1:], array.dtype

    def episode(self, index: int, name: str = FRAMES) -> NDArray[Any]:
        """The rows of one array that belong to an episode."""
        return self.read(name, int(self.begins[index]), int(self.ends[index]))

    def read(self, name: str, begin: int, end: int) -> NDArray[Any]:
        """Rows `begin` … `end - 1` of an array.

        Raises:
            InputError: they cannot be decoded.
        """
        try:
            return np.asarray(array_of(self.group, name)[begin:end])
        except UNREADABLE as error:
            reason = " ".join(str(error).split())[:80]
            raise InputError(f"{self.path}: {name} {begin} to {end - 1} cannot be decoded ({reason}): import it again") from None


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
    try:
        group = zarr.open_group(path, mode="r")
        frames, ends = array_of(group, FRAMES), np.asarray(array_of(group, ENDS)[...])
        others = {name: array_of(group, name) for name in (KEYFRAMES, SPLIT, SOURCE_FRAME, SECONDS) if name in group}
        data = group["data"]
        assert isinstance(data, zarr.Group)
        list(data.arrays())  # the signals
    except DAMAGED:
        raise InputError(f"{path} is no dataset of episodes: expected a Zarr group with {FRAMES} and {ENDS}") from None
    if frames.ndim != 4 or frames.dtype != np.uint8 or frames.shape[-1] not in (1, 3) or 0 in frames.shape[1:]:
        raise InputError(f"{path}: {FRAMES} is {frames.shape} {frames.dtype}, expected (total,H,W,1 or 3) uint8")
    if ends.ndim != 1 or ends.dtype.kind not in "iu" or not len(ends) or (np.diff(ends.astype(np.int64), prepend=0) <= 0).any():
        raise InputError(f"{path}: {ENDS} do not increase from episode to episode")
    if ends[-1] != frames.shape[0]:
        raise InputError(f"{path}: the episodes end at frame {ends[-1]}, {FRAMES} has {frames.shape[0]}")
    _check_others(path, others, frames.shape[0], len(ends))
    height, width, channels = frames.shape[1:]
    said = group.attrs.asdict()
    fps = said.get("fps", 10.0)
    if not isinstance(fps, int | float) or isinstance(fps, bool) or not 0 < fps < 1e6:
        raise InputError(f"{path}: its attribute fps is {shown(fps):.40}, expected frames a second")
    records = said.get("episodes") or []
    if not (isinstance(records, list) and len(records) in (0, len(ends)) and all(map(_is_record, records))):
        raise InputError(f"{path}: its attribute episodes is damaged: import it again")
    return Episodes(path, group, ends.astype(np.int64), (height, width, channels), float(fps))


def attributes(path: Path) -> dict[str, Any]:
    """What is said of a dataset, whatever else of it is damaged; nothing where that is."""
    try:
        said = json.loads((path / "zarr.json").read_text())["attributes"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _is_record(record: object) -> bool:
    return isinstance(record, dict) and isinstance(record.get("name"), str) and type(record.get("source")) is int


def _check_others(path: Path, others: Mapping[str, zarr.Array[Any]], total: int, n: int) -> None:
    """Raises:
    InputError: an array beside the frames does not belong to them.
    """
    expected = {KEYFRAMES: ((total,), "b"), SPLIT: ((n,), "u"), SOURCE_FRAME: ((total,), "i"), SECONDS: ((total,), "f")}
    for name, (shape, kind) in expected.items():
        if (array := others.get(name)) is not None and (array.shape != shape or array.dtype.kind != kind):
            raise InputError(f"{path}: {name} is {array.shape} {array.dtype}, which does not fit the frames")
