"""The replay buffer of diffusion_policy and those who took it over: a Zarr group, as a directory or `.zip`, of Zarr 2 or 3.

    data/<key>         (total,…): all episodes, one after another; images (total,H,W,C) with C 1, 3 or 4, uint8 or floats in [0,1]
                       or [0,255], are cameras, numbers (total,) or (total,D) signals
    data/keyframes     (total,) bool: labels; optional
    meta/episode_ends  (n,) integers, where each episode ends

The rate is the group's attribute `fps`, 10 a second without it. Metadata is read here, not by Zarr: a codec can run any code, as
pickle does, so nothing is decoded by one that is not in the lists below. That excludes images in JPEG XL, as UMI has them. No
link in the directory is followed.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources import arrays
from keyin_cli.datasets.sources.source import Piece, SourceKind, Wanted
from keyin_cli.errors import InputError
from keyin_cli.machine import free_memory

COMPRESSORS = ("blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd")  # of Zarr 2
FILTERS = ("adler32", "crc32", "crc32c", "delta", "fixedscaleoffset", "fletcher32", "quantize", "shuffle")  # of Zarr 2
CODECS = ("blosc", "bytes", "crc32c", "gzip", "sharding_indexed", "transpose", "zstd")  # of Zarr 3
NUMBERS = {2: re.compile(r"[<>|]?(b1|[iu][1248]|f[248])"), 3: re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)")}  # types
ENDS, KEYFRAMES = "meta/episode_ends", "keyframes"
METADATA = {".zarray": 2, "zarr.json": 3}
FPS = 10.0
COPY = "make a copy without links, with cp -rL"

Folder = Path | zipfile.Path


@dataclass
class Header:
    """The metadata of an array. `path` in the group, `told` what the file says, `dtype` of no numbers is void."""

    path: str
    told: dict[str, Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def header(root: Folder, path: str) -> Header | None:
    """The metadata of the array at a path; None when there is none.

    Raises:
        InputError: it is damaged, or behind a link.
    """
    for name, version in METADATA.items():
        file = root / path / name
        if not _is_file(root, f"{path}/{name}"):
            continue
        told = arrays.json_file(file, file)
        if version == 3 and told.get("node_type") != "array":
            return None
        shape, kind = _sizes(told.get("shape")), told.get("dtype" if version == 2 else "data_type")
        if told.get("zarr_format") != version or shape is None:
            raise InputError(f"{file} is no metadata of an array of Zarr {version}: copy or download it again")
        if version == 2:
            told["filters"] = told.get("filters") or None  # Zarr warns of an empty list
        return Header(path, told, shape, _dtype(kind, version))
    return None


def _is_file(root: Folder, path: str) -> bool:
    """Whether a file is there.

    Raises:
        InputError: a link is on the way.
    """
    for end in [match.start() for match in re.finditer("/", path)] + [len(path)]:
        if isinstance(root, Path) and (root / path[:end]).is_symlink():
            raise InputError(f"{root / path[:end]} is a link, which is not followed: {COPY}")
    return (root / path).is_file()


def _sizes(value: Any) -> tuple[int, ...] | None:
    there = isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 62 for size in value)
    return tuple(value) if there else None


def _dtype(kind: object, version: int) -> np.dtype[Any]:
    return np.dtype(kind if isinstance(kind, str) and NUMBERS[version].fullmatch(kind) else "V1")


def checked(array: Header, where: object) -> None:
    """Check everything that decoding an array depends on.

    Raises:
        InputError: a codec is in no list; chunks are too large; the type is none of numbers.
    """
    told = array.told
    if array.dtype.kind == "V":
        raise InputError(f"{where} is not of numbers: leave it out")
    if told["zarr_format"] == 2:
        chunks, filters = told.get("chunks"), told.get("filters") or []
        _allowed([told["compressor"]] if told.get("compressor") else [], "id", COMPRESSORS, where)
        _allowed(filters, "id", FILTERS, where)
        if any(_dtype(each.get(key, "|u1"), 2).kind == "V" for each in filters for key in ("dtype", "astype")):
            raise InputError(f"{where} has a filter to a type that is not of numbers: store it without")
    else:
        grid, keys = _named(told.get("chunk_grid")), _named(told.get("chunk_key_encoding"))
        if grid[0] != "regular" or keys[0] not in ("default", "v2") or keys[1].get("separator", "/") not in ("/", "."):
            raise InputError(f"{where} has a layout of chunks that is not read: store it in a regular grid")
        chunks = _decoded(told.get("codecs"), grid[1].get("chunk_shape"), where)
    sizes = _sizes(chunks)
    if sizes is None:
        raise InputError(f"{where} has no sizes of chunks in its metadata: copy or download it again")
    arrays.checked_chunks(array.shape, sizes, array.dtype.itemsize, where)


def _decoded(codecs: Any, chunk: Any, where: object) -> Any:
    """The shape of what the codecs of Zarr 3 decode at once: a chunk in a shard, where nothing is around the shard."""
    _allowed(codecs, "name", CODECS, where)
    for name, settings in map(_named, codecs):
        if name == "sharding_indexed":
            _decoded(settings.get("index_codecs"), None, where)
            inner = _decoded(settings.get("codecs"), settings.get("chunk_shape"), where)
            return inner if len(codecs) == 1 else chunk
    return chunk


def _allowed(codecs: Any, key: str, known: Sequence[str], where: object) -> None:
    """Raises:
    InputError: a codec is not known.
    """
    listed = codecs if isinstance(codecs, list) else [None]
    names = [each.get(key) if isinstance(each, dict) else each if key == "name" else None for each in listed]
    if strange := [name for name in names if name not in known]:
        raise InputError(
            f"{where} is stored with {str(strange[0])[:40]!a}, only {', '.join(known)} are decoded: store it with one"
        )


def _named(value: Any) -> tuple[Any, dict[str, Any]]:
    """Name and settings of a part of the metadata of Zarr 3, which may be a name alone."""
    settings = value.get("configuration") if isinstance(value, dict) else None
    return (value.get("name") if isinstance(value, dict) else value), (settings if isinstance(settings, dict) else {})


def strange_files(folder: str) -> Iterator[str]:
    """What is in a directory, however deep, besides files and directories: links, pipes."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from strange_files(entry.path)
            elif not entry.is_file(follow_symlinks=False):
                yield entry.path


def opened(path: Path) -> Folder:
    """A directory, or what is in a zip.

    Raises:
        InputError: it is neither; the zip is damaged, or has files that would take too much memory.
    """
    if path.is_dir():
        return path
    if not os.path.isfile(path):
        raise InputError(f"{path} is no directory and no zip: give a replay buffer of diffusion_policy, or another --format")
    with arrays.decoding(path):
        archive, most = zipfile.ZipFile(path), free_memory() // 4
        if large := [entry for entry in archive.infolist() if entry.compress_type and entry.file_size > most]:
            what = f"{large[0].filename!a} of {path} takes {large[0].file_size / 1e9:.1f} GB of memory"
            raise InputError(f"{what}, at most {most / 1e9:.1f} GB are taken: unpack it")
        return zipfile.Path(archive)


class ReplayBuffer:
    """Episodes in a Zarr group (see `source.Source`)."""

    def __init__(self, path: Path) -> None:
        """Read the metadata of all arrays, and where episodes end.

        Raises:
            InputError: it is damaged, or in another layout.
        """
        self.path, self._open = path, dict[str, Any]()
        self.root = opened(path)
        ends = header(self.root, ENDS)
        if ends is None:
            raise InputError(f"{path} has no array {ENDS}: give a replay buffer of diffusion_policy, or another --format")
        if len(ends.shape) != 1 or ends.shape[0] > arrays.MOST:
            raise InputError(f"{ENDS} of {path} is {ends.shape}, expected at most {arrays.MOST} integers (episodes,): mend it")
        with arrays.decoding(path):
            self.spans = arrays.spans(np.asarray(self._array(ends)[:]), f"{ENDS} of {path}")
            names = sorted(arrays.plain(folder.name, path) for folder in (self.root / "data").iterdir())
        self.arrays = {name: array for name in names if (array := header(self.root, f"data/{name}"))}
        self.names: Sequence[str] = [f"episode {i}" for i in range(len(self.spans))]
        self.cameras: Sequence[str] = [name for name, array in self.arrays.items() if _is_camera(array)]
        self.signals: Sequence[str] = [
            name for name, array in self.arrays.items() if name != KEYFRAMES and arrays.is_signal(array.dtype, len(array.shape))
        ]
        self.fps = _rate(self.root)
        labels, total = self.arrays.get(KEYFRAMES), self.spans[-1][1] if self.spans else 0
        if not self.cameras:
            raise InputError(
                f"{path} has no images: expected uint8 or floats (total,height,width,3) in data, import one that has"
            )
        if labels and (labels.dtype != np.bool_ or len(labels.shape) != 1 or labels.shape[0] < total):
            what = f"data/{KEYFRAMES} of {path} is {labels.shape} {labels.dtype}"
            raise InputError(f"{what}, expected ({total},) bool: mend or remove it")

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        """See `source.Source`."""
        camera = wanted.camera or self.cameras[0]
        where = f"{self.path}: {self.names[episode]}"
        with arrays.decoding(where):
            images = self._array(self.arrays[camera])
            signals = {name: self._array(self.arrays[name]) for name in wanted.signals}
            white = arrays.white_of(images, f"{camera} of {where}")
            yield from arrays.stream(images, signals, self.spans[episode], self.fps, white, where)

    def labels(self, episode: int) -> NDArray[np.int64] | None:
        """See `source.Source`."""
        if KEYFRAMES not in self.arrays:
            return None
        with arrays.decoding(f"{KEYFRAMES} of {self.path}: {self.names[episode]}"):
            return np.flatnonzero(self._array(self.arrays[KEYFRAMES])[slice(*self.spans[episode])])

    @cached_property
    def _store(self) -> Any:
        import zarr
        from zarr.storage import LocalStore, ZipStore

        if isinstance(self.root, Path):
            return LocalStore(self.path, read_only=True)
        return zarr.open_group(ZipStore(self.path, mode="r"), mode="r", use_consolidated=False).store  # opens the zip

    def _array(self, array: Header) -> Any:
        """An array that is safe to read, of which nothing is read yet.

        Raises:
            InputError: it is not.
        """
        if array.path not in self._open:
            import zarr
            from zarr.storage import StorePath

            where = f"{array.path} of {self.path}"
            checked(array, where)
            if isinstance(self.root, Path):
                for strange in strange_files(str(self.root / array.path)):
                    raise InputError(f"{strange!a} is a link or no file, which is not followed: {COPY}")
            self._open[array.path] = zarr.Array.from_dict(StorePath(self._store, array.path), array.told)
        return self._open[array.path]


def _is_camera(array: Header) -> bool:
    return len(array.shape) == 4 and array.shape[3] in (1, 3, 4) and (array.dtype == np.uint8 or array.dtype.kind == "f")


def _rate(root: Folder) -> float:
    """Frames a second that the attributes of the group tell, `FPS` where they tell none.

    Raises:
        InputError: what they tell is none.
    """
    for name in (".zattrs", "zarr.json"):
        if _is_file(root, name):
            told = arrays.json_file(root / name, root / name)
            attributes = told if name == ".zattrs" else told.get("attributes")
            if isinstance(attributes, dict) and attributes.get("fps") is not None:
                return arrays.checked_rate(attributes["fps"], f"fps of {root / name}")
    return FPS


def _recognises(path: Path) -> bool:
    files = {f"{ENDS}/{name}" for name in METADATA}
    if path.suffix.lower() != ".zip" or not os.path.isfile(path):
        return any(os.path.isfile(path / file) for file in files)
    try:
        with arrays.decoding(path), zipfile.ZipFile(path) as archive:
            return not files.isdisjoint(archive.namelist())
    except InputError:
        return False


SOURCE = SourceKind(
    name="replay-buffer",
    help="a Zarr replay buffer of diffusion_policy, a directory or .zip",
    order=60,
    recognises=_recognises,
    open=ReplayBuffer,
)
