"""Writing so that a file or directory is either whole or not there, and reading with one clear line for what is damaged."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keyin_cli.errors import InputError, RunError

Writer = Callable[[Path], None]


@contextmanager
def disk_errors(what: Path) -> Iterator[None]:
    """Turn a full disk into one line; whatever was finished before stays."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = f"the disk is full while writing {what}; nothing finished is lost: free space and run the same command again"
        raise RunError(message) from error


def write(path: Path, data: bytes | str) -> None:
    """Write a file so that it is either whole or not there: beside, fsynced, renamed."""
    replace(path, lambda beside: _write_bytes(beside, data.encode() if isinstance(data, str) else data))


def replace(path: Path, writer: Writer) -> None:
    """Let `writer` make a file or directory beside `path`, fsync it, then rename it into place."""
    beside = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with disk_errors(path):
        remove(beside)
        writer(beside)
        for file in [beside, *beside.rglob("*")] if beside.is_dir() else [beside]:
            _fsync(file)
        if path.is_dir():
            remove(path)
        os.replace(beside, path)
        _fsync(path.parent)


def remove(path: Path) -> None:
    """Delete a file or directory if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, tree: Any) -> None:
    write(path, json.dumps(tree, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path} is missing: is {path.parent} a finished run? `keyin info {path.parent}`") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise InputError(f"{path} is damaged: run the command that made it again with --overwrite") from None


def read_lines(path: Path) -> list[Any]:
    """Read JSON lines; a last line cut short by a kill is left out."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def write_lines(path: Path, rows: list[Any]) -> None:
    write(path, "".join(json.dumps(row) + "\n" for row in rows))


def append_line(path: Path, row: Any) -> None:
    with disk_errors(path), path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
