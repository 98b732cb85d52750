"""Files of JSON objects, one a line, that grow while a command works: metrics, episodes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from keyin_cli.errors import InputError, shown
from keyin_cli.storage.files import disk_errors, fsync, write
from keyin_cli.storage.reading import parsed, read_bytes

Row = dict[str, Any]

BLOCK = 4096  # bytes first read from the end of a file


def read_lines(path: Path) -> list[Row]:
    """Read JSON objects, one a line; none when there is no file.

    A last line that is no JSON was cut short by a kill and is left out. Any other damage would lose what follows it.

    Raises:
        InputError: another line is no JSON, any line is JSON but no object, or the file cannot be read.
    """
    try:
        lines = read_bytes(path).removesuffix(b"\n").split(b"\n")
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = parsed(line)
        except ValueError:  # of JSON or of UTF-8
            if number == len(lines):
                break
            raise InputError(_damaged(path, number, "is damaged")) from None
        if not isinstance(row, dict):
            raise InputError(_damaged(path, number, "is no JSON object"))
        rows.append(row)
    return rows


def write_lines(path: Path, rows: list[Row]) -> None:
    """Replace the file by one with these lines."""
    write(path, "".join(json.dumps(row) + "\n" for row in rows))


def append_line(path: Path, row: Row) -> None:
    """Add a line; on return it is on the disk. A last line that a kill cut short is dropped first, as `read_lines` does."""
    with disk_errors(path):
        new = not path.exists()
        with path.open("a+b") as file:
            _mend(file)
            file.write(json.dumps(row).encode() + b"\n")  # at the end, wherever the file was read
            file.flush()
            os.fsync(file.fileno())
        if new:
            fsync(path.parent)


def _mend(file: BinaryIO) -> None:
    """End a file with a whole line: end its last one, or cut it off when it is no JSON."""
    end, line = file.seek(0, os.SEEK_END), b""
    size = BLOCK
    while end:
        begin = max(0, end - size)
        file.seek(begin)
        tail = file.read(end - begin)
        before = tail.rfind(b"\n", 0, -1)
        if before >= 0 or begin == 0:
            line = tail[before + 1 :]
            break
        size *= 2
    try:
        parsed(line or b"{}")
    except ValueError:
        file.truncate(end - len(line))
    else:
        if line and not line.endswith(b"\n"):
            file.write(b"\n")


def _damaged(path: Path, number: int, what: str) -> str:
    advice = "take this line out by hand, or run the command that made the file again with --overwrite"
    return f"{shown(path)}: line {number} {what}: {advice}"
