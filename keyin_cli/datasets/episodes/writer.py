"""Episodes written one after another, so that a kill loses no more than the one that was being written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from keyin_cli import storage
from keyin_cli.datasets.episodes import layout
from keyin_cli.datasets.shards import array_of

CHUNK = 64  # frames per chunk
WHOLE: Any = {"write_empty_chunks": True}  # config of arrays: chunks of zeros have files too, so that a lost one is missed
PROGRESS = "episodes.jsonl"  # those that are finished, one a line, while others are not

Rows = Mapping[str, NDArray[Any]]  # by array k rows each
Record = dict[str, Any]  # of an episode: name, source (its number there), frames, sha256 by array


@dataclass(frozen=True)
class Episode:
    """What is to be written of an episode: its name, its number in the source, its rows in pieces, and what else is recorded of
    it, by keys that no `Record` has."""

    name: str
    source: int
    pieces: Iterator[Rows]
    told: Mapping[str, Any] = field(default_factory=dict)


class Unfinished:
    """A dataset in a folder of its own, to which episodes are appended."""

    def __init__(self, folder: Path) -> None:
        """Goes on with what is there, but for what was being written when it was killed."""
        self.folder = folder
        for partial in list(folder.rglob("*.partial")):  # of Zarr, which complains about them
            storage.remove(partial)
        self.records: list[Record] = storage.read_lines(folder / PROGRESS)
        self._arrays: dict[str, zarr.Array[Any]] = {}  # that were opened, which takes as long as to write an episode

    @property
    def total(self) -> int:
        """Frames of the finished episodes."""
        return sum(int(record["frames"]) for record in self.records)

    def move(self, to: Path) -> None:
        """Give the finished dataset its place, where nothing is. Until then a killed call can be continued."""
        self.folder.rename(to)
        storage.fsync(to.parent)
        storage.remove(to / PROGRESS)

    def read(self, name: str) -> list[NDArray[Any]]:
        """The rows of an array, by episode."""
        array = array_of(zarr.open_group(self.folder, mode="r"), name)
        ends = np.cumsum([record["frames"] for record in self.records])
        return np.split(np.asarray(array[: self.total]), ends[:-1])

    def append(self, episode: Episode) -> Record | None:
        """Write an episode behind the others; None of one without frames. What a killed call left behind them is overwritten."""
        total, count = self.total, 0
        contents: dict[str, Any] = {}
        with storage.disk_errors(self.folder):
            for rows in _in_chunks(episode.pieces, total % CHUNK):
                for name, values in rows.items():
                    contents.setdefault(name, hashlib.sha256()).update(np.ascontiguousarray(values).data.cast("B"))
                    self._write(name, total + count, values)
                count += len(rows[layout.FRAMES])
            if not count:
                return None
            sums = {name: content.hexdigest() for name, content in contents.items()}
            record = {"name": episode.name, "source": episode.source, "frames": count, "sha256": sums, **episode.told}
            storage.append_line(self.folder / PROGRESS, record)
        self.records.append(record)
        return record

    def finish(self, splits: NDArray[np.uint8] | None, attributes: Mapping[str, Any]) -> None:
        """Cut off what is behind the last episode, write what is said of all, and see to it that all of it is on the disk."""
        ends = np.cumsum([record["frames"] for record in self.records])
        with storage.disk_errors(self.folder):
            group = zarr.open_group(self.folder, mode="a", zarr_format=3)
            for _, array in group.require_group("data").arrays():
                array.resize((self.total, *array.shape[1:]))
            small = {layout.ENDS: ends.astype(np.int64)} | ({} if splits is None else {layout.SPLIT: splits})
            for name, values in small.items():
                group.create_array(name, data=values, overwrite=True, config=WHOLE)
            group.attrs.put({**attributes, "episodes": self.records})
            for file in [self.folder, *self.folder.rglob("*")]:
                storage.fsync(file)

    def _write(self, name: str, begin: int, rows: NDArray[Any]) -> None:
        if name not in self._arrays:
            self._arrays[name] = self._opened(name, rows)
        array = self._arrays[name]
        array.resize((begin + len(rows), *rows.shape[1:]))
        array[begin:] = rows

    def _opened(self, name: str, rows: NDArray[Any]) -> zarr.Array[Any]:
        """The array of a name, which is made for such rows where it is missing."""
        group = zarr.open_group(self.folder, mode="a", zarr_format=3)
        if name not in group:
            inner = rows.shape[1:]
            codec = ZstdCodec(level=3, checksum=True)
            group.create_array(name, shape=(0, *inner), chunks=(CHUNK, *inner), dtype=rows.dtype, compressors=codec)
        return array_of(group, name).with_config(WHOLE)


def _in_chunks(pieces: Iterator[Rows], behind: int) -> Iterator[Rows]:
    """Rows again, in pieces that end where chunks do, so that hardly any chunk is written twice; `behind` the last boundary of a
    chunk is where they begin."""
    waiting: list[Rows] = []
    count = behind
    for rows in pieces:
        waiting.append(rows)
        count += len(rows[layout.FRAMES])
        if count >= CHUNK:
            joined = _joined(waiting)
            whole = len(joined[layout.FRAMES]) - count % CHUNK
            yield {name: values[:whole] for name, values in joined.items()}
            waiting, count = [{name: values[whole:] for name, values in joined.items()}], count % CHUNK
    if waiting and len((last := _joined(waiting))[layout.FRAMES]):
        yield last


def _joined(pieces: list[Rows]) -> Rows:
    return {name: np.concatenate([rows[name] for rows in pieces]) for name in pieces[0]}
