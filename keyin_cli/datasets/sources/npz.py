"""NumPy files: a `.npy` with frames, or a `.npz` with frames and what was recorded with them.

    frames        (n,T,H,W[,C]) n episodes of one length, or (T,H,W,C) one episode, or (total,H,W,C) with episode_ends
    episode_ends  (n,) integers, where each episode ends; optional
    fps           frames a second, 10 without it
    keyframes     (n,T), (T,) or (total,) bool: labels; optional
    …             other numbers, one or D for every frame: signals

C is 1, 3 or 4. Arrays that are stored uncompressed (`numpy.savez`) are mapped into memory, so that little of them is in it at a
time; compressed ones are read whole. No array of objects is read, which would be a pickle.
"""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources.arrays import (
    MOST,
    checked_images,
    checked_rate,
    decoding,
    is_signal,
    plain,
    spans,
    stream,
    white_of,
)
from keyin_cli.datasets.sources.source import Piece, SourceKind, Wanted
from keyin_cli.errors import InputError
from keyin_cli.machine import free_memory, sized

FPS = 10.0
NO_SIGNALS = ("frames", "episode_ends", "fps", "keyframes")
HEADER = 1 << 14  # bytes that an array's header has at most
LOCAL = 30  # bytes before the names that a zip has before each of its files


@dataclass
class Stored:
    """An array in a file, as its header has it.

    Attributes:
        place: of the array's file in `path`: a zip's entry, or None where `path` is the array's file.
        begin: bytes before the values in the array's file.
        order: `C` or `F`.
    """

    path: Path
    place: zipfile.ZipInfo | None
    begin: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str

    @property
    def where(self) -> str:
        return str(self.path) if self.place is None else f"{self.place.filename} of {self.path}"

    @cached_property
    def values(self) -> NDArray[Any]:
        """The array, mapped into memory where it is not compressed.

        Raises:
            InputError: it is damaged, not of numbers, or would take too much memory.
        """
        if self.dtype.kind not in "buif":  # objects are pointers, and would be followed
            raise InputError(f"{self.where} is of type {self.dtype}, expected numbers: write it so")
        if not self.place or self.place.compress_type == zipfile.ZIP_STORED:
            with decoding(self.where):
                offset = self.begin + (_offset(self.path, self.place) if self.place else 0)
                if math.prod(self.shape) == 0:
                    return np.zeros(self.shape, self.dtype)
                return np.memmap(self.path, self.dtype, "r", offset, self.shape, "F" if self.order == "F" else "C")
        size, most = math.prod(self.shape) * self.dtype.itemsize, free_memory() // 4
        if size > most:
            what = f"{self.where} is compressed and takes {sized(size)} of memory, at most {sized(most)} are taken"
            raise InputError(f"{what}: store it uncompressed, with numpy.savez")
        with decoding(self.where), zipfile.ZipFile(self.path) as archive, archive.open(self.place) as file:
            return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _offset(path: Path, entry: zipfile.ZipInfo) -> int:
    """Bytes before what a zip has stored uncompressed."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        local = file.read(LOCAL)
    return entry.header_offset + LOCAL + sum(int.from_bytes(local[i : i + 2], "little") for i in (26, 28))


def stored(path: Path, file: IO[bytes], size: int, place: zipfile.ZipInfo | None = None) -> Stored:
    """What the header of an array's file tells, compared with the file's size in bytes.

    Raises:
        InputError: it is damaged or cut short.
    """
    where = str(path) if place is None else f"{place.filename} of {path}"
    with decoding(where):
        head = io.BytesIO(file.read(HEADER))
        version = np.lib.format.read_magic(head)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(head)
    expected = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or (not dtype.hasobject and head.tell() + expected > size):
        raise InputError(f"{where} is {shape} {dtype}, but has {size} bytes: it is damaged or cut short, copy it again")
    return Stored(path, place, head.tell(), shape, dtype, "F" if fortran else "C")


def members(path: Path) -> dict[str, Stored]:
    """The arrays of a `.npz` by name; that of a `.npy` is `frames`.

    Raises:
        InputError: it is damaged.
    """
    if not os.path.isfile(path):
        raise InputError(f"{path} is no file: give a .npz or .npy, or another --format")
    with decoding(path), path.open("rb") as file:
        if file.read(2) != b"PK":
            file.seek(0)
            return {"frames": stored(path, file, path.stat().st_size)}
    found = {}
    with decoding(path), zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".npy"):
                name = plain(entry.filename.removesuffix(".npy"), path)
                with archive.open(entry) as file:
                    found[name] = stored(path, file, entry.file_size, entry)
    return found


def leading(frames: Stored, ends: Stored | None) -> tuple[int, ...]:
    """The shape that all arrays of frames have in common: (rows,), or (n,T) where episodes are apart.

    Raises:
        InputError: the frames are none.
    """
    shape = frames.shape
    joined = len(shape) == 4 and (ends is not None or shape[3] in (1, 3, 4))
    if not joined and (ends is not None or len(shape) not in (4, 5)):
        layouts = "(n,T,H,W,C), (T,H,W,C), or (total,H,W,C) with episode_ends"
        raise InputError(f"{frames.where} is {shape}, expected frames {layouts}: write it so")
    lead = shape[:1] if joined else shape[:2]
    checked_images(replace(frames, shape=shape[len(lead) - 1 :]), frames.where)
    if len(lead) == 2 and lead[0] > MOST:
        raise InputError(f"{frames.where} is {shape}, and at most {MOST} episodes are read: split it")
    return lead


class Arrays:
    """Episodes in NumPy arrays (see `source.Source`)."""

    cameras: Sequence[str] = ()

    def __init__(self, path: Path) -> None:
        """Read the headers of all arrays, and where episodes end.

        Raises:
            InputError: it is damaged, or in another layout.
        """
        self.path, self.arrays = path, members(path)
        if "frames" not in self.arrays:
            there = ", ".join(self.arrays) or "nothing"
            raise InputError(f"{path} has no array frames, but {there}: write it with numpy.savez(file, frames=…)")
        ends, fps, labels = (self.arrays.get(name) for name in NO_SIGNALS[1:])
        self.lead = leading(self.arrays["frames"], ends)
        self.spans = spans(ends.values, ends.where) if ends else [(0, self.lead[-1])] * (self.lead[0] if self.lead[1:] else 1)
        self.names: Sequence[str] = [f"episode {i}" for i in range(len(self.spans))]
        self.signals: Sequence[str] = [
            name for name, array in self.arrays.items() if name not in NO_SIGNALS and self._is_signal(array)
        ]
        self.fps = FPS
        if self.spans and self.spans[-1][1] > self.lead[-1]:
            raise InputError(f"{path} has {self.lead[-1]} frames, but episode_ends up to {self.spans[-1][1]}: mend it")
        if labels and (labels.shape != self.lead or labels.dtype != np.bool_):
            raise InputError(f"{labels.where} is {labels.shape} {labels.dtype}, expected {self.lead} bool: mend or remove it")
        if fps:
            if fps.dtype.kind not in "uif" or math.prod(fps.shape) != 1:
                raise InputError(f"{fps.where} is {fps.shape} {fps.dtype}, expected one number: mend or remove it")
            self.fps = checked_rate(fps.values.item(), fps.where)

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        """See `source.Source`."""
        signals = {name: self._part(name, episode) for name in wanted.signals}
        where = f"{self.path}: {self.names[episode]}"
        yield from stream(self._part("frames", episode), signals, self.spans[episode], self.fps, self._white, where)

    def labels(self, episode: int) -> NDArray[np.int64] | None:
        """See `source.Source`."""
        return (
            np.flatnonzero(self._part("keyframes", episode)[slice(*self.spans[episode])]) if "keyframes" in self.arrays else None
        )

    @cached_property
    def _white(self) -> float:
        return white_of(self._part("frames", 0), self.path)

    def _is_signal(self, array: Stored) -> bool:
        return array.shape[: len(self.lead)] == self.lead and is_signal(array.dtype, len(array.shape) - len(self.lead) + 1)

    def _part(self, name: str, episode: int) -> NDArray[Any]:
        """An array in which the rows of an episode are, a view."""
        values = self.arrays[name].values
        return values if len(self.lead) == 1 else np.asarray(values[episode])


def _recognises(path: Path) -> bool:
    return path.suffix.lower() in (".npy", ".npz") and os.path.isfile(path)


SOURCE = SourceKind(
    name="npz",
    help="a NumPy .npz or .npy file with an array frames",
    order=50,
    recognises=_recognises,
    open=Arrays,
)
