"""One shard of a dataset: its files, its marker, its checksums, and whether it is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

SHARD = 1000  # sequences per shard
MARKERS = ".shards"
UNREADABLE = (KeyError, AssertionError, ValueError, RuntimeError, OSError)  # what Zarr raises for damaged data

Shard = dict[str, Any]  # {"sha256": {array: hex}, "bytes": {array: int}}


def shard_file(path: Path, name: str, index: int, dimensions: int) -> Path:
    """The file of one shard of one array."""
    return path.joinpath(name, "c", str(index), *["0"] * (dimensions - 1))


def marker(path: Path, index: int) -> Path:
    """The file that says that a shard is finished, and holds its checksums and sizes."""
    return path / MARKERS / f"{index:06d}.json"


def is_whole(group: zarr.Group, index: int, shard: Shard) -> bool:
    """Whether every array of a shard can be decoded and has the recorded checksum."""
    rows = slice(index * SHARD, (index + 1) * SHARD)
    try:
        return all(checksum(np.asarray(array_of(group, name)[rows])) == expected for name, expected in shard["sha256"].items())
    except UNREADABLE:
        return False


def damaged_files(path: Path, group: zarr.Group, index: int, shard: Shard) -> list[Path]:
    """Files of a shard that are missing or of another size than recorded: a quick look, without decoding."""
    files = {name: shard_file(path, name, index, array_of(group, name).ndim) for name in shard["bytes"]}
    return [file for name, file in files.items() if not file.is_file() or file.stat().st_size != shard["bytes"][name]]


def checksum(array: NDArray[Any]) -> str:
    """SHA-256 (hex) of the values of an array."""
    return hashlib.sha256(np.ascontiguousarray(array).data.cast("B")).hexdigest()


def array_of(group: zarr.Group, name: str) -> zarr.Array[Any]:
    """An array of a dataset.

    Raises:
        KeyError, AssertionError: there is none of that name.
    """
    array = group[name]
    assert isinstance(array, zarr.Array)
    return array
