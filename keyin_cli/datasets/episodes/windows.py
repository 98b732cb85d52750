"""Windows of one length inside episodes: what training and scoring see of episodes of any length. Those of the test split do not
overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import Episodes
from keyin_cli.datasets.episodes.seen import Seen
from keyin_cli.datasets.sequences import SPLITS
from keyin_cli.errors import InputError
from keyin_cli.progress import track
from keyin_cli.recipe import digest

PIECE = 100  # windows read at once


@dataclass(frozen=True)
class Windows:
    """Every window of `frames` frames that begins `stride` frames after another one, or ends with its episode. `seen`: what of a
    frame is seen; the images alone when it is None."""

    episodes: Episodes
    frames: int
    stride: int
    seen: Seen | None = None
    split: bool = True  # else every episode is in every split

    @property
    def path(self) -> Path:
        return self.episodes.path

    @property
    def image(self) -> tuple[int, int, int]:
        return self.episodes.image if self.seen is None else self.seen.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._row("frames")[1]

    @property
    def attributes(self) -> dict[str, Any]:
        return self.episodes.attributes

    @property
    def labelled(self) -> bool:
        return self.episodes.labelled

    @property
    def n(self) -> int:
        return len(self.starts)

    @cached_property
    def sha256(self) -> str:
        seen = [] if self.seen is None else [self.seen.pixels, list(self.seen.signals), self.seen.background]
        return digest([self.episodes.sha256, self.frames, self.stride, *seen, *([] if self.split else ["all"])])

    @cached_property
    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        places = [starts(int(length), self.frames, self.stride) for length in self.episodes.lengths]
        owners = np.repeat(np.arange(self.episodes.n), [len(each) for each in places])
        return np.concatenate(places) + self.episodes.begins[owners], owners

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first frame (n,) of every window, counted over all episodes."""
        return self._places[0]

    @property
    def owners(self) -> NDArray[np.int64]:
        """The episode (n,) of every window."""
        return self._places[1]

    def indices(self, split: str) -> NDArray[np.int64]:
        splits = self.episodes.splits if self.split else None
        if split == "all" or splits is None:
            return np.arange(self.n)
        of_split = splits[self.owners] == SPLITS.index(split)
        return np.flatnonzero(of_split & self._apart if split == "test" else of_split)

    @cached_property
    def _apart(self) -> NDArray[np.bool_]:
        """Windows (n,) that have no frame in common, the earliest first: intervals of scores take them as independent."""
        found, free = np.zeros(self.n, np.bool_), 0
        for index, begin in enumerate(self.starts.tolist()):
            if begin >= free:
                found[index], free = True, begin + self.frames
        return found

    def read(self, name: str, indices: NDArray[np.integer], length: int | None = None) -> NDArray[Any]:
        shape, kind = self._row(name)
        found, done = np.empty((len(indices), self.frames if length is None else length, *shape), kind), 0
        for piece in self.pieces(name, indices, length):  # into place, because all pieces beside their whole are twice as much
            found[done : done + len(piece)] = piece
            done += len(piece)
        return found

    def pieces(self, name: str, indices: NDArray[np.integer], length: int | None = None) -> Iterator[NDArray[Any]]:
        wanted = np.asarray(indices).astype(np.int64)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < self.n:
            raise IndexError(f"windows {wanted.min()} to {wanted.max()} of {self.path}, which has 0 to {self.n - 1}")
        with track(f"reading {name}", len(wanted)) as advance:
            for begin in range(0, len(wanted), PIECE):
                yield self._gather(name, wanted[begin : begin + PIECE], length)
                advance(len(wanted[begin : begin + PIECE]))

    def _gather(self, name: str, indices: NDArray[np.int64], length: int | None) -> NDArray[Any]:
        """The rows of some windows. What lies between two of them that are far apart is not decoded."""
        length = self.frames if length is None else length
        begins = self.starts[indices]
        shape, kind = self._row(name)
        found = np.empty((len(indices), length, *shape), dtype=kind)
        order = np.argsort(begins, kind="stable")
        for near in np.split(order, np.flatnonzero(np.diff(begins[order]) > length) + 1) if len(order) else ():
            first = int(begins[near[0]])
            rows = self._rows(name, first, int(begins[near[-1]]) + length)
            found[near] = rows[begins[near][:, None] - first + np.arange(length)]
        return found

    def _row(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and type of a row."""
        if name == "frames" and self.seen is not None:
            return self.seen.shape, self.seen.dtype
        return self.episodes.row(f"data/{name}")

    def _rows(self, name: str, begin: int, end: int) -> NDArray[Any]:
        if name == "frames" and self.seen is not None:
            return self.seen.read(self.episodes, begin, end)
        return self.episodes.read(f"data/{name}", begin, end)


def starts(length: int, frames: int, stride: int) -> NDArray[np.int64]:
    """Where windows of `frames` frames begin in an episode of `length`: every `stride` frames, and the last ends with it. None
    where it is shorter than a window."""
    if length < frames:
        return np.zeros(0, np.int64)
    return np.unique([*range(0, length - frames + 1, stride), length - frames])


def windows(episodes: Episodes, frames: int, stride: int, seen: Seen | None = None, split: bool = True) -> Windows:
    """All windows of a length.

    Raises:
        InputError: every episode is shorter.
    """
    found = Windows(episodes, frames, stride, seen, split)
    if not found.n:
        longest = int(episodes.lengths.max())
        raise InputError(f"{episodes.path} has episodes of at most {longest} frames, a window has {frames}: take a shorter one")
    return found
