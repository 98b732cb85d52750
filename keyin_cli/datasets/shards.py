"""One shard of a dataset: its files, its marker, its checksums, and whether it is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from keyin_cli.datasets.groups.group import Group
from keyin_cli.datasets.sources.arrays import decoding
from keyin_cli.errors import InputError

SHARD = 1000  # sequences per shard
MARKERS = ".shards"

Shard = dict[str, Any]  # {"sha256": {array: hex}, "bytes": {array: int}}


def shard_file(path: Path, name: str, index: int, dimensions: int) -> Path:
    """The file of one shard of one array."""
    return path.joinpath(name, "c", str(index), *["0"] * (dimensions - 1))


def marker(path: Path, index: int) -> Path:
    """The file that says that a shard is finished, and holds its checksums and sizes."""
    return path / MARKERS / f"{index:06d}.json"


def is_shard(shard: object) -> bool:
    """Whether something that is read has the layout of a shard: checksums and sizes of the same arrays."""
    sums, sizes = (shard.get("sha256"), shard.get("bytes")) if isinstance(shard, dict) else (None, None)
    if not (isinstance(sums, dict) and isinstance(sizes, dict) and sums.keys() == sizes.keys() and "frames" in sums):
        return False
    are_names = all(name.isidentifier() for name in sums)  # no path is made of anything else
    return (
        are_names and all(isinstance(each, str) for each in sums.values()) and all(type(each) is int for each in sizes.values())
    )


def is_whole(group: Group, index: int, shard: Shard) -> bool:
    """Whether every array of a shard can be decoded and has the recorded checksum."""
    rows = slice(index * SHARD, (index + 1) * SHARD)
    try:
        with decoding(group.where):
            return all(checksum(np.asarray(group.array(name)[rows])) == expected for name, expected in shard["sha256"].items())
    except InputError:
        return False


def damaged_files(path: Path, group: Group, index: int, shard: Shard) -> list[Path]:
    """Files of a shard that are missing or of another size than recorded: a quick look, without decoding."""
    files = {name: shard_file(path, name, index, group.array(name).ndim) for name in shard["bytes"]}
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
