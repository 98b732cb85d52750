"""The Zarr store of a dataset: layout, shards, checksums.

    frames     (n,T,H,W,C) uint8   required
    keyframes  (n,T) bool          labels, for evaluation only; optional
    split      (n,) uint8          0 train, 1 val, 2 test; without it every sequence is in every split
    states, …                      whatever the generator adds

One shard holds `SHARD` sequences of one array and is one file; one chunk inside it holds `CHUNK` whole sequences. A shard is
finished when its marker is written; the attributes of a finished dataset list every shard's SHA-256 (of the decoded
values) and file size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from keyin_cli import storage
from keyin_cli.datasets.checking import again, attributes, checked
from keyin_cli.datasets.groups.group import Group
from keyin_cli.datasets.groups.headers import Header
from keyin_cli.datasets.sequences import SPLITS
from keyin_cli.datasets.shards import (
    MARKERS,
    SHARD,
    Shard,
    array_of,
    checksum,
    is_shard,
    is_whole,
    marker,
    shard_file,
)
from keyin_cli.datasets.sources import arrays
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import track
from keyin_cli.recipe import digest

VERSION = 1
CHUNK = 50  # sequences per chunk
PIECE = 200  # sequences decoded at once
GROUP = "zarr.json"  # where Zarr 3 keeps the attributes of a group

Arrays = Mapping[str, NDArray[Any]]


# ---------------------------------------------------------------- writing


def create(path: Path, n: int, example: Arrays, attributes: dict[str, Any]) -> None:
    """Make an empty dataset for n sequences; `example` holds at least one sequence of every array."""
    with storage.disk_errors(path):
        group = zarr.create_group(path, zarr_format=3, attributes=attributes)
        for name, array in example.items():
            inner = array.shape[1:]
            group.create_array(
                name,
                shape=(n, *inner),
                shards=(SHARD, *inner),
                chunks=(CHUNK, *inner),
                dtype=array.dtype,
                compressors=ZstdCodec(level=3, checksum=True),
            )


def write_shard(path: Path, index: int, arrays: Arrays) -> Shard:
    """Write one shard of every array, then its marker. Returns the shard's checksums and sizes.

    Raises:
        InputError: an array is not there, or is another.
    """
    begin, there = index * SHARD, Group(path)
    for name, array in arrays.items():
        known = there.header(name)
        if known is None or not _takes(known, array, begin):
            raise InputError(f"{shown(path)} has lost its {name}: make it again with `keyin gen-data --overwrite`")
    with storage.disk_errors(path):
        group = zarr.open_group(path, mode="r+")
        for name, array in arrays.items():
            file = shard_file(path, name, index, array.ndim)
            storage.remove(file)  # a damaged one would be read to fill up the last shard
            for partial in file.parent.glob(f"{file.name}.*.partial"):  # of Zarr, when it was killed
                storage.remove(partial)
            written = array_of(group, name).with_config({"write_empty_chunks": True})  # else a shard of zeros has no file
            written[begin : begin + len(array)] = array
            storage.fsync(file)
    shard = {
        "sha256": {name: checksum(array) for name, array in arrays.items()},
        "bytes": {name: shard_file(path, name, index, array.ndim).stat().st_size for name, array in arrays.items()},
    }
    storage.write_json(marker(path, index), shard)
    return shard


def _takes(known: Header, array: NDArray[Any], begin: int) -> bool:
    """Whether the rows of `array` can be written from row `begin` on."""
    is_alike = known.dtype == array.dtype and known.shape[1:] == array.shape[1:]
    return is_alike and known.shape[0] >= begin + len(array)


def finish(path: Path, shards: list[Shard], attributes: dict[str, Any]) -> None:
    """Put the checksums of all shards and `attributes` into the dataset's attributes, which takes the place of the markers.

    With the checksum of all it is finished; so that is written last, when nothing else is left to do.
    """
    group = storage.read_json(path / GROUP)  # Zarr would write it once for each attribute
    group["attributes"] |= {**attributes, "shards": shards}
    storage.write_json(path / GROUP, group)
    storage.remove(path / MARKERS)
    group["attributes"]["sha256"] = digest([shard["sha256"] for shard in shards])
    storage.write_json(path / GROUP, group)


def finished_shards(path: Path) -> dict[int, Shard]:
    """The shards that are whole: marked or listed, and with values of the recorded checksum.

    Raises:
        InputError: an array is stored in another way than `create` does it, which is not written to.
    """
    group = Group(path)
    for name in group.names("."):
        if name in group:
            group.array(name)
    listed = dict(enumerate(attributes(path).get("shards", [])))
    for file in (path / MARKERS).glob("*.json"):
        if file.stem.isdecimal():
            listed[int(file.stem)] = storage.read_json(file)
    whole = {}
    with track(f"checking {path.name}", len(listed)) as advance:
        for index, shard in listed.items():
            if is_shard(shard) and is_whole(group, index, shard):
                whole[index] = shard
            advance()
    return whole


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class Dataset:
    """An opened dataset. `n` sequences of `image` (H,W,C) frames, `frames` of them each."""

    path: Path
    group: Group
    n: int
    frames: int
    image: tuple[int, int, int]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    @property
    def attributes(self) -> dict[str, Any]:
        return self.group.attributes

    @property
    def labelled(self) -> bool:
        return "keyframes" in self.group

    @cached_property
    def sha256(self) -> str:
        """The recorded checksum of everything in it; of its frames and splits, read now, when it was not made here."""
        if recorded := self.attributes.get("sha256"):
            return str(recorded)
        everything, content = np.arange(self.n), hashlib.sha256()
        for name in (name for name in ("frames", "split") if name in self.group):
            for begin in range(0, self.n, SHARD):
                content.update(checksum(self.read(name, everything[begin : begin + SHARD])).encode())
        return content.hexdigest()

    def indices(self, split: str) -> NDArray[np.int64]:
        """The sequences of a split (`train`, `val`, `test`) or of `all`."""
        if split == "all" or "split" not in self.group:
            return np.arange(self.n)
        return np.flatnonzero(self._splits == SPLITS.index(split))

    @cached_property
    def _splits(self) -> NDArray[np.uint8]:
        """The split (n,) of every sequence.

        Raises:
            InputError: it is none, or cannot be decoded.
        """
        with arrays.decoding(f"{shown(self.path)}: split"):
            found: NDArray[np.uint8] = np.asarray(self._array("split")[:])
        if found.max(initial=0) >= len(SPLITS):
            raise InputError(f"{shown(self.path)}: split has {found.max()}, expected 0 train, 1 val or 2 test: correct it")
        return found

    def _array(self, name: str) -> zarr.Array[Any]:
        """An array, whose chunks have to be there where that can be told: all that was generated here, and all frames."""
        return self.group.array(name, self.n if "shards" in self.attributes or name == "frames" else None)

    def read(self, name: str, indices: NDArray[np.integer], length: int | None = None) -> NDArray[Any]:
        """The rows `indices` of an array, in any order and as often as they are asked for, or the first `length` entries (frames)
        of each. No chunk is decoded twice.

        Raises:
            IndexError: an index is negative or not below `n`.
            InputError: a shard cannot be decoded.
        """
        indices, array = self._checked(indices), self._array(name)
        order = None if _increasing(indices) else np.argsort(indices, kind="stable")
        inner = array.shape[1:] if length is None else (length, *array.shape[2:])
        rows, done = np.empty((len(indices), *inner), dtype=array.dtype), 0
        for piece in self._decoded(name, indices if order is None else indices[order], length):
            part = slice(done, done + len(piece))
            rows[part if order is None else order[part]] = piece
            done += len(piece)
        return rows

    def pieces(self, name: str, indices: NDArray[np.integer], length: int | None = None) -> Iterator[NDArray[Any]]:
        """What `read` gives, in pieces. When no index is smaller than the one before, hardly more than one piece of about `PIECE`
        rows is held; else all are, because no chunk is decoded twice.

        Raises:
            IndexError, InputError: see `read`.
        """
        indices = self._checked(indices)
        if _increasing(indices):
            return self._decoded(name, indices, length)
        rows = self.read(name, indices, length)
        return (rows[begin : begin + PIECE] for begin in range(0, len(rows), PIECE))

    def _checked(self, indices: NDArray[np.integer]) -> NDArray[np.int64]:
        wanted = np.asarray(indices).astype(np.int64)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < self.n:
            raise IndexError(f"sequences {wanted.min()} to {wanted.max()} of {self.path}, which has 0 to {self.n - 1}")
        return wanted

    def _decoded(self, name: str, indices: NDArray[np.int64], length: int | None) -> Iterator[NDArray[Any]]:
        """The rows `indices`, none smaller than the one before, in pieces of whole chunks."""
        array = self._array(name)
        count = max(1, PIECE // array.chunks[0]) * array.chunks[0]
        cut = () if length is None else (slice(length),)
        with track(f"reading {name}", len(indices)) as advance:
            for begin in range(0, self.n, count):
                first, last = np.searchsorted(indices, (begin, begin + count))
                if first == last:
                    continue
                try:
                    decoded = np.asarray(array[slice(begin, begin + count), *cut])
                except Exception as error:  # there is no list of what Zarr raises for damaged data
                    if isinstance(error, InputError) and "generator" not in self.attributes:
                        raise
                    shard = begin // SHARD * SHARD
                    what = (
                        f"{shown(self.path)}: {name} of sequences {shard} to {min(shard + SHARD, self.n) - 1} cannot be decoded"
                    )
                    reason = shown(" ".join(str(error).split())[:80])
                    raise InputError(f"{what} ({reason}): {again(self.path, self.attributes)}") from None
                wanted = indices[first:last] - begin
                yield decoded if np.array_equal(wanted, np.arange(len(decoded))) else decoded[wanted]
                advance(int(last - first))

    def verify(self) -> Iterator[bool]:
        """Decode every shard and compare it with its recorded checksum; yields per shard, True when it is whole."""
        for index, shard in enumerate(self.attributes.get("shards", [])):
            yield is_shard(shard) and is_whole(self.group, index, shard)


def open_dataset(path: Path, missing: str = "make one with `keyin gen-data`") -> Dataset:
    """Open a finished dataset and check its layout and that every shard's file is there and whole.

    Args:
        missing: what to do when there is none, as the end of an error line.

    Raises:
        InputError: with the next command, when anything is missing or damaged.
    """
    if not path.exists():
        raise InputError(f"no dataset at {path}: {missing}")
    group = checked(path)
    n, length, height, width, channels = group.array("frames").shape
    dataset = Dataset(path, group, n, length, (height, width, channels))
    for name in ("frames", *(name for name in ("keyframes", "split") if name in group)):
        dataset._array(name)  # all that can be told without reading it
    return dataset


def _increasing(indices: NDArray[np.int64]) -> bool:
    """Whether none is smaller than the one before."""
    return bool((indices[1:] >= indices[:-1]).all())
