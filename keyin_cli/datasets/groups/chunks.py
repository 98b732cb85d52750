"""The files of an array on their way to the codecs of Zarr: whole, none missing that has to be there, none a bomb."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from zarr.abc.store import RangeByteRequest, SuffixByteRequest
from zarr.storage import WrapperStore

from keyin_cli.datasets.groups import bombs
from keyin_cli.datasets.groups.headers import Layout
from keyin_cli.errors import InputError, shown

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest, Store
    from zarr.core.buffer import Buffer, BufferPrototype

ABSENT = np.uint64(2**64 - 1)  # place and size, in the index of a shard, of a chunk that is not there
AGAIN = "copy or download it again"
LOST = f"what is missing would be read as 0: {AGAIN}, or write what is 0 too, with Zarr's config={{'write_empty_chunks': True}}"


class Guarded(WrapperStore[Any]):
    """The store of one array, for reading."""

    def __init__(self, store: Store, folder: Path | None, path: str, layout: Layout, rows: int | None, where: str) -> None:
        """
        Args:
            folder: of the group, where it is a directory.
            path: of the array in the group.
            rows: how many rows' chunks have to be there. None: what is not there is the fill value, as Zarr has it.
            where: it is, for errors.
        """
        super().__init__(store)
        self.folder, self.path, self.layout, self.rows, self.where = folder, path, layout, rows, where

    def _with_store(self, store: Any) -> Guarded:
        return type(self)(store, self.folder, self.path, self.layout, self.rows, self.where)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Raises:
        InputError: what is asked for is a bomb, or not there and has to be.
        """
        if self.folder is not None and byte_range is None:
            self._check_size(key)
        found = await self._store.get(key, prototype, byte_range)
        if found is None:
            self._check_absent(key)
            return None
        data = bytes(found.as_array_like())
        if not self.layout.index:
            await self._check(key, [data])
        elif byte_range is None:
            await self._check(key, self._inside(key, data))
        elif self._is_index(byte_range):
            self._index(key, data)
        else:
            await self._check(key, [data])
        return found

    def _check_size(self, key: str) -> None:
        assert self.folder is not None
        try:
            size = os.lstat(self.folder / key).st_size
        except OSError:
            return
        parts = int(np.prod(self.layout.parts)) if self.layout.index else 1
        if size > 2 * (bombs.most(self.layout.size) * parts + self.layout.index):
            raise InputError(f"{self.where}: its file {shown(key)} has {size} bytes, more than can be in it: {AGAIN}")

    async def _check(self, key: str, parts: list[bytes]) -> None:
        limit = bombs.most(self.layout.size)
        codec, is_slow = self.layout.compressor, self.layout.compressor in bombs.COUNTED
        for data in parts:
            if await asyncio.to_thread(bombs.is_bomb, codec, data, limit) if is_slow else bombs.is_bomb(codec, data, limit):
                what = f"{self.where}: what is compressed in its file {shown(key)} takes more than {limit} bytes, or is damaged"
                raise InputError(f"{what}: {AGAIN}")

    def _is_index(self, wanted: ByteRequest) -> bool:
        if self.layout.index_first:
            return isinstance(wanted, RangeByteRequest) and wanted.start == 0
        return isinstance(wanted, SuffixByteRequest)

    def _inside(self, key: str, data: bytes) -> list[bytes]:
        """The chunks in a whole shard."""
        size = self.layout.index
        index = self._index(key, data[:size] if self.layout.index_first else data[-size:])
        places = index.reshape(-1, 2).tolist()
        return [data[begin : begin + length] for begin, length in places if begin != int(ABSENT)]

    def _index(self, key: str, data: bytes) -> Any:
        """The index of a shard: place and size (…,2) uint64 of each of its chunks.

        Raises:
            InputError: it is cut short, or lacks a chunk that has to be there.
        """
        parts = self.layout.parts
        count = 2 * int(np.prod(parts))
        if len(data) < 8 * count:
            raise InputError(f"{self.where}: its file {shown(key)} is cut short: {AGAIN}")
        index = np.frombuffer(data, "<u8", count).reshape(*parts, 2)
        if self.rows is not None:
            ends = (min(self.rows, self.layout.shape[0]), *self.layout.shape[1:])
            places = zip(self._coordinates(key), self.layout.file, self.layout.chunk, ends, strict=True)
            inside = tuple(slice(0, max(0, -(-(end - at * file) // chunk))) for at, file, chunk, end in places)
            if (index[..., 0][inside] == ABSENT).any():
                raise InputError(f"{self.where}: a chunk is missing in its file {shown(key)}, {LOST}")
        return index

    def _check_absent(self, key: str) -> None:
        if self.rows is not None and self._coordinates(key)[0] * self.layout.file[0] < self.rows:
            raise InputError(f"{self.where}: its file {shown(key)} is missing, {LOST}")

    def _coordinates(self, key: str) -> list[int]:
        """The place of a file among those of its array."""
        found = re.findall("[0-9]+", key.removeprefix(self.path))
        return [int(each) for each in found] or [0] * len(self.layout.shape)
