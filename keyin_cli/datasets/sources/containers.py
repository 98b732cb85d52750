"""What the bytes of a video file say before it is decoded: its format, and whether the file is as long as it should be."""

from __future__ import annotations

from os import SEEK_CUR, SEEK_END
from typing import BinaryIO

MOV, MATROSKA, AVI, GIF = "mov", "matroska", "avi", "gif"  # FFmpeg's names of the formats
FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")  # that an MP4 or MOV begins with


def format_of(file: BinaryIO) -> str | None:
    """FFmpeg's name of a file's format, by its first bytes; None of other formats, playlists among them."""
    file.seek(0)
    head = file.read(12)
    if head[4:8] in FIRST_BOXES:
        return MOV
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return MATROSKA
    if head[:4] == b"RIFF" and head[8:] == b"AVI ":
        return AVI
    return GIF if head[:6] in (b"GIF87a", b"GIF89a") else None


def is_cut(file: BinaryIO, kind: str) -> bool:
    """Whether a file is shorter than it says. Sizes that are left open, as recorders do that could not finish, say nothing."""
    size = file.seek(0, SEEK_END)
    if kind == GIF:
        return _is_cut_gif(file)
    if kind == MATROSKA:
        return _matroska_end(file) > size
    end = 0
    while end + 8 <= size:
        file.seek(end)
        head = file.read(16)
        length = _box(head) if kind == MOV else _chunk(head)
        if not length:
            return False
        end += length
    return end > size


def _box(head: bytes) -> int:
    """The length of a box of an MP4 or MOV that begins with these 16 bytes; 0 where it is left open, or this is no box."""
    length = int.from_bytes(head[:4], "big")
    if length == 1:
        length = int.from_bytes(head[8:], "big")
    return length if length >= 8 and all(0x20 <= byte < 0x7F for byte in head[4:8]) else 0


def _chunk(head: bytes) -> int:
    """The length of an outermost chunk of an AVI, likewise."""
    length = int.from_bytes(head[4:8], "little")
    return 8 + length if head[:4] == b"RIFF" and length != 2**32 - 1 else 0


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment of an MKV or WebM ends; 0 where that is left open, or it has none."""
    file.seek(4)  # behind the identifier of the header
    header, _ = _number(file)
    file.seek(header, SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
        return 0
    length, is_open = _number(file)
    return 0 if is_open else file.tell() + length


def _number(file: BinaryIO) -> tuple[int, bool]:
    """An EBML number, the first byte of which says how many follow, and whether it stands for "not known"."""
    first = int.from_bytes(file.read(1), "big")
    more = min(8 - first.bit_length(), 7)
    value = int.from_bytes(bytes([first & (0x7F >> more)]) + file.read(more), "big")
    return value, value == 2 ** (7 * (more + 1)) - 1


def _is_cut_gif(file: BinaryIO) -> bool:
    """Whether a GIF ends before the mark of its end."""
    file.seek(10)
    file.seek(13 + _palette(file.read(1)))
    while (kind := file.read(1)) != b";":
        if kind == b",":  # an image
            file.seek(_palette(file.read(9)[8:]) + 1, SEEK_CUR)
        elif kind == b"!":  # an extension
            file.seek(1, SEEK_CUR)
        else:
            return not kind  # else there is something that no decoder knows either
        while length := int.from_bytes(file.read(1), "big"):
            file.seek(length, SEEK_CUR)
    return False


def _palette(flags: bytes) -> int:
    """Bytes of the table of colours that follows a block with these flags."""
    return 3 << (flags[0] % 8 + 1) if flags and flags[0] & 0x80 else 0
