"""How much a chunk would become, found before a library decodes it: a few kB can be many GB."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any

LEAST = 1 << 26  # bytes that a chunk may become, whatever its size should be
SLACK = 1 << 20  # bytes of checksums and such in what a chunk becomes
DEFLATE = 1032  # times that deflate can make of its input
DICTIONARY = 1 << 28  # bytes that LZMA may take for its dictionary
STEP = 1 << 20
COUNTED = ("gzip", "zlib", "bz2", "lzma")  # codecs whose chunks are decoded to tell
ZSTD, SKIPPED = 0xFD2FB528, 0x184D2A50
BLOSC = 16  # bytes of its header
BLOCK = 1 << 17  # bytes that a block of Zstandard becomes at most


def most(size: int) -> int:
    """The bytes that a chunk of `size` may become."""
    return max(size + SLACK, LEAST)


def is_bomb(codec: str | None, data: bytes, limit: int) -> bool:
    """Whether decoding gives more than `limit` bytes, or how many cannot be told because it is damaged."""
    if codec in ("gzip", "zlib"):
        return DEFLATE * len(data) > limit and _counted(lambda: zlib.decompressobj(47), data, limit)
    if codec == "bz2":
        return _counted(bz2.BZ2Decompressor, data, limit)
    if codec == "lzma":
        return _counted(lambda: lzma.LZMADecompressor(memlimit=DICTIONARY), data, limit)
    if codec == "zstd":
        return _zstd(data) > limit
    if codec == "blosc":  # which reads as far as its header says, whatever the length of the data
        size, length = int.from_bytes(data[4:8], "little"), int.from_bytes(data[12:16], "little")
        return len(data) < BLOSC or length > len(data) or size > limit
    if codec == "lz4":
        return int.from_bytes(data[:4], "little") > limit
    return len(data) > limit


def _counted(made: Callable[[], Any], data: bytes, limit: int) -> bool:
    """Decode streams one after the other, keep nothing and stop at the limit."""
    count = 0
    while data:
        decoder = made()
        try:
            while not decoder.eof:
                got = decoder.decompress(data, STEP)
                count += len(got)
                data = getattr(decoder, "unconsumed_tail", b"")
                if count > limit:
                    return True
                if not got and not data and not decoder.eof:
                    return False  # cut short: the decoder will say so
        except (zlib.error, OSError, ValueError, EOFError, lzma.LZMAError, MemoryError):
            return True
        data = decoder.unused_data
        if not data.strip(b"\0"):
            break
    return False


def _zstd(data: bytes) -> int:
    """An upper bound of what frames of Zstandard become. A frame that tells its size is believed: more is not decoded."""
    total, at = 0, 0
    while at + 5 <= len(data):
        magic = int.from_bytes(data[at : at + 4], "little")
        if magic & ~0xF == SKIPPED:
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            continue
        if magic != ZSTD:
            break
        flags = data[at + 4]
        is_single, dictionary = bool(flags & 0x20), (0, 1, 2, 4)[flags & 3]
        width = (1 if is_single else 0, 2, 4, 8)[flags >> 6]
        begin = at + 5 + (not is_single) + dictionary
        if width:
            return total + int.from_bytes(data[begin : begin + width], "little") + (256 if width == 2 else 0)
        at, is_last = begin, False
        while not is_last and at + 3 <= len(data):
            block = int.from_bytes(data[at : at + 3], "little")
            is_last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
            total += BLOCK if kind == 2 else size
            at += 3 + (1 if kind == 1 else size)
        at += 4 if flags & 4 else 0
    return total
