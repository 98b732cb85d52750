"""A Zarr group for reading, a directory or `.zip`, of Zarr 2 or 3."""

from __future__ import annotations

import os
import warnings
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

import zarr
from zarr.storage import LocalStore, StorePath, ZipStore

from keyin_cli.datasets.groups import headers
from keyin_cli.datasets.groups.chunks import LOST, Guarded
from keyin_cli.datasets.groups.headers import COPY, Folder, Header
from keyin_cli.datasets.sources import arrays
from keyin_cli.errors import InputError, shown
from keyin_cli.machine import free_memory, sized

# Filters of Zarr 2 compute with numbers of the metadata; what comes of them is checked to be finite where that matters.
warnings.filterwarnings("ignore", category=RuntimeWarning, module="numcodecs")


class Group:
    """Arrays by their path `a/b`. Nothing is read before it is asked for."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            InputError: it is no directory and no zip; the zip is damaged, or has files that would take too much memory.
        """
        self.path, self.where, self.root = path, shown(path), opened(path)
        self._headers: dict[str, Header | None] = {}
        self._arrays: dict[tuple[str, int | None], zarr.Array[Any]] = {}

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """What is said of the group; nothing where it has no metadata of its own.

        Raises:
            InputError: it is damaged.
        """
        return headers.attributes(self.root) or {}

    def __contains__(self, name: str) -> bool:
        """Raises:
        InputError: its metadata is damaged.
        """
        return self.header(name) is not None

    def header(self, name: str) -> Header | None:
        """The metadata of an array; None where there is none.

        Raises:
            InputError: it is damaged, or behind a link.
        """
        if name not in self._headers:
            self._headers[name] = headers.header(self.root, name)
        return self._headers[name]

    def names(self, folder: str) -> list[str]:
        """What is in a folder of the group, arrays or not, in order.

        Raises:
            InputError: a name cannot be shown.
        """
        with arrays.decoding(self.where):
            return sorted(arrays.plain(each.name, self.where) for each in (self.root / folder).iterdir())

    def array(self, name: str, rows: int | None = None) -> zarr.Array[Any]:
        """An array that is safe to read, of which nothing is read yet.

        Args:
            rows: how many rows have to be stored. None: what is not stored is the fill value, as Zarr has it.

        Raises:
            InputError: there is none; it is stored in a way that is not read; a file of it is a link or missing.
        """
        if (name, rows) not in self._arrays:
            self._arrays[name, rows] = self._opened(name, rows)
        return self._arrays[name, rows]

    def _opened(self, name: str, rows: int | None) -> zarr.Array[Any]:
        array, where = self.header(name), f"{name} of {self.where}"
        if array is None:
            raise InputError(f"{self.where} has no array {name}: copy or download it again")
        layout = headers.layout(array, where)
        if isinstance(self.root, Path):
            for strange in headers.strange_files(str(self.root / name)):
                raise InputError(f"{strange!a} is a link or no file, which is not followed: {COPY}")
        if rows is not None and rows and layout.shape:
            there, due = self._files(name), layout.files(rows)
            if there < due:
                raise InputError(f"{where} has {there} of {due} files of chunks, {LOST}")
        folder = self.path if isinstance(self.root, Path) else None
        with arrays.decoding(where):
            store = Guarded(self._store, folder, name, layout, rows, where)
            return zarr.Array.from_dict(StorePath(store, name), array.told)

    def _files(self, name: str) -> int:
        """How many files an array has besides its metadata."""
        if isinstance(self.root, Path):
            found = [file for _, _, files in os.walk(self.root / name) for file in files]
        else:
            found = [each.rsplit("/", 1)[-1] for each in self.root.root.namelist() if each.startswith(f"{name}/")]
        others = ("", "zarr.json", ".zarray", ".zattrs")
        return sum(each not in others and not each.endswith(".partial") for each in found)

    @cached_property
    def _store(self) -> Any:
        if isinstance(self.root, Path):
            return LocalStore(self.path, read_only=True)
        return zarr.open_group(ZipStore(self.path, mode="r"), mode="r", use_consolidated=False).store  # opens the zip


def opened(path: Path) -> Folder:
    """A directory, or what is in a zip.

    Raises:
        InputError: it is neither; the zip is damaged, or has files that would take too much memory.
    """
    if path.is_dir():
        return path
    if not os.path.isfile(path):
        raise InputError(
            f"{shown(path)} is no directory and no zip: give a replay buffer of diffusion_policy, or another --format"
        )
    with arrays.decoding(shown(path)):
        archive, most = zipfile.ZipFile(path), free_memory() // 4
        if large := [entry for entry in archive.infolist() if entry.file_size > most]:
            what = f"{large[0].filename!a} of {shown(path)} takes {sized(large[0].file_size)} of memory"
            raise InputError(f"{what}, at most {sized(most)} are taken: unpack it")
        return zipfile.Path(archive)
