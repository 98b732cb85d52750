"""HDF5 files that nobody vouches for: only what is stored in the file itself is read, no links, no virtual datasets, no external
storage, no types but numbers."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keyin_cli.datasets.groups import bombs
from keyin_cli.datasets.sources import hdf5_probe
from keyin_cli.datasets.sources.arrays import checked_chunks, decoding
from keyin_cli.errors import InputError

DEFLATE, SHUFFLE, FLETCHER, LZF = 1, 2, 3, 32000
COMPRESSORS, FILTERS = (DEFLATE, LZF), (DEFLATE, SHUFFLE, FLETCHER, LZF)
AGAIN = "store it with one of these, with h5repack"
SIGNATURE = b"\x89HDF\r\n\x1a\n"


def looks_like(path: Path, has: Callable[[Any], bool]) -> bool:
    """Whether a file is HDF5 and `has(file)`; also where this cannot be told, because opening it then says why."""
    if not _is_hdf5(path):
        return False
    try:
        with opened(path) as file:
            return has(file)
    except InputError:
        return True


def _is_hdf5(path: Path) -> bool:
    if not os.path.isfile(path):  # opening a pipe would wait
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An HDF5 file, open for reading.

    Raises:
        InputError: h5py is not installed; it is no HDF5 file; anything inside cannot be read.
    """
    try:
        import h5py
    except ImportError:
        raise InputError(f"{path} needs the package h5py, which is not installed: pip install 'keyin[hdf5]'") from None
    if not _is_hdf5(path):
        raise InputError(f"{path} is no HDF5 file: give one, or another --format")
    hdf5_probe.check(path)
    with decoding(path), h5py.File(path, "r") as file:
        yield file


def member(group: Any, path: str, where: object) -> Any:
    """What is at a path `a/b` below a group, None when nothing is there.

    Raises:
        InputError: there is a link on the way, which could lead to another file.
    """
    import h5py

    for name in path.split("/"):
        if not isinstance(group, h5py.Group):
            return None
        links, key = group.id.links, name.encode("utf-8", "surrogateescape")
        if not links.exists(key):  # `in` would follow it
            return None
        if links.get_info(key).type != h5py.h5l.TYPE_HARD:
            what = f"{path} of {where} is a link, and only what is stored in the file itself is read"
            raise InputError(f"{what}: make a copy of it without links, with h5copy -f ext,soft")
        group = group[name]
    return group


def safe(group: Any, path: str, where: object) -> Any:
    """The dataset at a path below a group, after a check of all that can be told without reading it.

    Raises:
        InputError: there is none, it is not of numbers, or it is stored in another file or in chunks that are too large.
    """
    import h5py

    dataset = member(group, path, where)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "buif" or not dataset.shape:
        raise InputError(f"{where} has no array of numbers {path}: leave it out, or choose other --episodes")
    if dataset.is_virtual or dataset.external:
        raise InputError(f"{path} of {where} is put together from other places: store it in the file itself")
    if dataset.chunks:
        checked_chunks(dataset.shape, dataset.chunks, dataset.dtype.itemsize, f"{path} of {where}")
        _check_filters(dataset, f"{path} of {where}")
    return dataset


def _check_filters(dataset: Any, where: str) -> None:
    """Check what chunks pass through before one does: a filter may be any plugin, and deflate makes many GB of a few MB.

    Raises:
        InputError: a filter is in no list; a chunk would become larger than it should.
    """
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(number)[0] for number in range(plist.get_nfilters())]
    packed = [number for number, name in enumerate(filters) if name in COMPRESSORS]
    behind = filters[packed[0] + 1 :] if packed else []
    if strange := [name for name in filters if name not in FILTERS]:
        known = "gzip, lzf, shuffle and fletcher32"
        raise InputError(f"{where} is stored with the filter {strange[0]}, only {known} are read: {AGAIN}")
    if any(name != FLETCHER for name in behind):
        raise InputError(f"{where} is compressed more than once, or not last: {AGAIN}")
    if DEFLATE not in filters:
        return
    limit = bombs.most(math.prod(dataset.chunks) * dataset.dtype.itemsize)
    large: list[tuple[int, ...]] = []

    def see(chunk: Any) -> None:
        if bombs.DEFLATE * chunk.size > limit and not chunk.filter_mask & 1 << packed[0]:
            large.append(chunk.chunk_offset)

    dataset.id.chunk_iter(see)
    for offset in large:
        if bombs.is_bomb("zlib", dataset.id.read_direct_chunk(offset)[1], limit):
            raise InputError(f"{where}: its chunk at {offset} takes more than {limit} bytes, or is damaged: download it again")


def numbered(group: Any, pattern: re.Pattern[str]) -> list[str]:
    """The names in a group that match, in the order of the number that is their first group."""
    found = [match for name in group if (match := pattern.fullmatch(name))]
    return [match[0] for match in sorted(found, key=lambda match: (int(match[1]), match[0]))]
