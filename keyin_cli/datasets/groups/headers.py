"""The metadata of a Zarr group (2 or 3) and of its arrays, read here and not by Zarr: a codec can run any code, as pickle does,
so nothing is decoded by one that is not in the lists below. No link in the directory is followed.
"""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli.datasets.sources import arrays
from keyin_cli.errors import InputError, shown

COMPRESSORS = ("blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd")  # of Zarr 2
FILTERS = ("adler32", "crc32", "crc32c", "delta", "fixedscaleoffset", "fletcher32", "quantize", "shuffle")  # of Zarr 2
CODECS = ("blosc", "bytes", "crc32c", "gzip", "sharding_indexed", "transpose", "zstd")  # of Zarr 3
NUMBERS = {2: re.compile(r"[<>|]?(b1|[iu][1248]|f[248])"), 3: re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)")}  # types
METADATA = {".zarray": 2, "zarr.json": 3}
OF_GROUPS = {".zgroup": 2, "zarr.json": 3}
LONGEST = 8  # codecs or filters of an array
PARTS = 1_000_000  # chunks of a shard
WIDEST = 8  # bytes of a number at most
COPY = "make a copy without links, with cp -rL"

Folder = Path | zipfile.Path


@dataclass
class Header:
    """The metadata of an array. `path` in the group, `told` what the file says, `dtype` of no numbers is void."""

    path: str
    told: dict[str, Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class Layout:
    """How an array is stored.

    Attributes:
        shape: of the array.
        file: shape of what one file holds.
        chunk: shape of what is decoded at once: of `file`, or of a chunk in that shard.
        compressor: the name of the codec that the bytes of a chunk begin with; None where they are not compressed.
        size: bytes of a chunk before it is compressed, at most.
        index: bytes of a shard's index; 0 without shards.
        index_first: whether the index is where the shard begins; else it ends with it.
    """

    shape: tuple[int, ...]
    file: tuple[int, ...]
    chunk: tuple[int, ...]
    compressor: str | None
    size: int
    index: int = 0
    index_first: bool = False

    @property
    def parts(self) -> tuple[int, ...]:
        """How many chunks a file has along each axis."""
        return tuple(-(-outer // inner) for outer, inner in zip(self.file, self.chunk, strict=True))

    def files(self, rows: int) -> int:
        """How many files the first `rows` rows are in."""
        sides = (min(rows, self.shape[0]), *self.shape[1:])
        return math.prod(-(-side // part) for side, part in zip(sides, self.file, strict=True))


def header(root: Folder, path: str) -> Header | None:
    """The metadata of the array at a path; None when there is none.

    Raises:
        InputError: it is damaged, or behind a link.
    """
    for name, version in METADATA.items():
        file = root / path / name
        if not is_file(root, f"{path}/{name}"):
            continue
        told = arrays.json_file(file, shown(file))
        if version == 3 and told.get("node_type") == "group" and isinstance(told.get("attributes", {}), dict):
            return None
        shape, kind = _sizes(told.get("shape")), told.get("dtype" if version == 2 else "data_type")
        if told.get("zarr_format") != version or told.get("node_type", "array") != "array" or shape is None:
            raise InputError(f"{shown(file)} is no metadata of an array of Zarr {version}: copy or download it again")
        if version == 2:
            told["filters"] = told.get("filters") or None  # Zarr warns of an empty list
        return Header(path, told, shape, _dtype(kind, version))
    return None


def attributes(root: Folder, folder: str = "") -> dict[str, Any] | None:
    """What is said of a group, or of one in a folder of it with a `/` behind; None when there is none.

    Raises:
        InputError: it is damaged, or behind a link.
    """
    for name, version in OF_GROUPS.items():
        file = root / (folder + name)
        if not is_file(root, folder + name):
            continue
        told = arrays.json_file(file, shown(file), arrays.RECORDS)
        if told.get("zarr_format") != version or (version == 3 and told.get("node_type") != "group"):
            raise InputError(f"{shown(file)} is no metadata of a group of Zarr {version}: copy or download it again")
        beside = f"{folder}.zattrs"
        if version == 2:
            return arrays.json_file(root / beside, shown(root / beside), arrays.RECORDS) if is_file(root, beside) else {}
        said = told.get("attributes", {})
        if not isinstance(said, dict):
            raise InputError(f"{shown(file)} has attributes that are none: copy or download it again")
        return said
    return None


def is_file(root: Folder, path: str) -> bool:
    """Whether a file is there.

    Raises:
        InputError: a link is on the way.
    """
    for end in [match.start() for match in re.finditer("/", path)] + [len(path)]:
        if isinstance(root, Path) and (root / path[:end]).is_symlink():
            raise InputError(f"{shown(root / path[:end])} is a link, which is not followed: {COPY}")
    return (root / path).is_file()


def layout(array: Header, where: object) -> Layout:
    """Check everything that decoding an array depends on.

    Raises:
        InputError: a codec is in no list; chunks are too large; the type is none of numbers.
    """
    told = array.told
    if array.dtype.kind == "V":
        raise InputError(f"{where} is not of numbers: leave it out")
    found = (_layout_2 if told["zarr_format"] == 2 else _layout_3)(array, where)
    arrays.checked_chunks(array.shape, found.chunk, array.dtype.itemsize, where)
    if min(found.file, default=1) < 1 or math.prod(found.parts) > PARTS:
        raise InputError(f"{where} has shards {found.file} of chunks {found.chunk}, at most {PARTS} in one: store it in others")
    return found


def strange_files(folder: str) -> Iterator[str]:
    """What is in a directory, however deep, besides files and directories: links, pipes."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from strange_files(entry.path)
            elif not entry.is_file(follow_symlinks=False):
                yield entry.path


def _layout_2(array: Header, where: object) -> Layout:
    told = array.told
    filters, compressor = told.get("filters") or [], told.get("compressor")
    _allowed([compressor] if compressor else [], "id", COMPRESSORS, where)
    _allowed(filters, "id", FILTERS, where)
    if any(_dtype(each.get(key, "|u1"), 2).kind == "V" for each in filters for key in ("dtype", "astype")):
        raise InputError(f"{where} has a filter to a type that is not of numbers: store it without")
    chunks = _chunks(told.get("chunks"), where)
    size = math.prod(chunks) * (WIDEST if filters else array.dtype.itemsize)
    return Layout(array.shape, chunks, chunks, compressor["id"] if compressor else None, size)


def _layout_3(array: Header, where: object) -> Layout:
    told = array.told
    grid, keys = _named(told.get("chunk_grid")), _named(told.get("chunk_key_encoding"))
    if grid[0] != "regular" or keys[0] not in ("default", "v2") or keys[1].get("separator", "/") not in ("/", "."):
        raise InputError(f"{where} has a layout of chunks that is not read: store it in a regular grid")
    codecs, chunks = _allowed(told.get("codecs"), "name", CODECS, where), grid[1].get("chunk_shape")
    _, settings = _named(codecs[0] if codecs else None)
    if "sharding_indexed" not in (_named(each)[0] for each in codecs):
        file = _chunks(chunks, where)
        return Layout(array.shape, file, file, _compressor(codecs, where), math.prod(file) * array.dtype.itemsize)
    inner = _allowed(settings.get("codecs"), "name", CODECS, where)
    index = _allowed(settings.get("index_codecs"), "name", CODECS, where)
    names = [_named(each)[0] for each in index]
    first = settings.get("index_location", "end")
    is_little = _named(index[0])[1].get("endian", "little") == "little" if index else False
    if len(codecs) > 1 or names not in (["bytes"], ["bytes", "crc32c"]) or not is_little or first not in ("start", "end"):
        raise InputError(f"{where} has a layout of shards that is not read: store it in shards alone, as Zarr does by itself")
    file, chunk = _chunks(chunks, where), _chunks(settings.get("chunk_shape"), where)
    if "sharding_indexed" in (_named(each)[0] for each in inner) or len(file) != len(chunk) or min(chunk, default=1) < 1:
        arrays.checked_chunks(array.shape, chunk, array.dtype.itemsize, where)
        raise InputError(f"{where} has shards in shards, which are not read: store it in shards alone, as Zarr does by itself")
    found = Layout(array.shape, file, chunk, _compressor(inner, where), math.prod(chunk) * array.dtype.itemsize)
    size = 16 * math.prod(found.parts) + (4 if len(names) > 1 else 0)
    return Layout(found.shape, file, chunk, found.compressor, found.size, size, first == "start")


def _compressor(codecs: Sequence[Any], where: object) -> str | None:
    """The one of a chunk.

    Raises:
        InputError: there are several, which multiply what they make of little.
    """
    names = [name for name in (_named(each)[0] for each in codecs) if name in ("blosc", "gzip", "zstd")]
    if len(names) > 1:
        raise InputError(f"{where} is compressed more than once: store it with one of its codecs")
    return names[0] if names else None


def _chunks(value: Any, where: object) -> tuple[int, ...]:
    sizes = _sizes(value)
    if sizes is None:
        raise InputError(f"{where} has no sizes of chunks in its metadata: copy or download it again")
    return sizes


def _sizes(value: Any) -> tuple[int, ...] | None:
    there = isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 62 for size in value)
    return tuple(value) if there else None


def _dtype(kind: object, version: int) -> np.dtype[Any]:
    return np.dtype(kind if isinstance(kind, str) and NUMBERS[version].fullmatch(kind) else "V1")


def _allowed(codecs: Any, key: str, known: Sequence[str], where: object) -> list[Any]:
    """A list of codecs.

    Raises:
        InputError: a codec is not known, or there are too many.
    """
    listed: list[Any] = codecs if isinstance(codecs, list) else [None]
    names = [each.get(key) if isinstance(each, dict) else each if key == "name" else None for each in listed]
    if strange := [name for name in names if name not in known]:
        raise InputError(
            f"{where} is stored with {str(strange[0])[:40]!a}, only {', '.join(known)} are decoded: store it with one"
        )
    if len(names) > LONGEST:
        raise InputError(f"{where} is stored with {len(names)} codecs, at most {LONGEST} are decoded: store it with fewer")
    return listed


def _named(value: Any) -> tuple[Any, dict[str, Any]]:
    """Name and settings of a part of the metadata of Zarr 3, which may be a name alone."""
    settings = value.get("configuration") if isinstance(value, dict) else None
    return (value.get("name") if isinstance(value, dict) else value), (settings if isinstance(settings, dict) else {})
