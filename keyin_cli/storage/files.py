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
from keyin_cli.storage import partials

Writer = Callable[[Path], None]

FULL = (errno.ENOSPC, errno.EDQUOT)  # what a full disk is called


@contextmanager
def disk_errors(what: Path) -> Iterator[None]:
    """Turn a full disk into one line; whatever was finished before stays."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        message = f"the disk is full while writing {what}; nothing finished is lost: free space and run the same command again"
        raise RunError(message) from error


def write(path: Path, data: bytes | str) -> None:
    """Write a file so that it is either whole or not there: beside, fsynced, renamed."""
    replace(path, lambda beside: _write_bytes(beside, data.encode() if isinstance(data, str) else data))


def replace(path: Path, writer: Writer) -> None:
    """Let `writer` make a file or directory beside `path`, fsync it, then rename it into place.

    A file is replaced at once. A directory cannot be: the old one is moved aside first, and between the two renames a reader
    finds nothing. After a kill there, the next call for the same path puts the new one into place (see `partials.sweep`).
    Whatever fails, `path` is whole, the old one or the new, and only this call's own partial is removed.

    Raises:
        InputError: the directory that it is to lie in cannot be made.
        RunError: the disk is full.
    """
    _make_folder(path)
    partials.sweep(path)
    beside = partials.beside(path)
    with disk_errors(path):
        try:
            writer(beside)
            for file in [beside, *beside.rglob("*")] if beside.is_dir() else [beside]:
                fsync(file)
            _into_place(beside, path)
        except BaseException:
            partials.discard(beside)
            raise
        fsync(path.parent)


def remove(path: Path) -> None:
    """Delete a file or directory if it is there. A directory is renamed first, so that a kill leaves no half of it at `path`."""
    if path.is_dir() and not path.is_symlink():
        beside = partials.beside(path)
        os.rename(path, beside)
        shutil.rmtree(beside)
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


def fsync(path: Path) -> None:
    """Return when what was written to a file, or to the names in a directory, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folder(path: Path) -> None:
    """The directory that a path lies in."""
    with disk_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno in FULL:
                raise
            raise InputError(f"{path.parent} cannot be made for {path.name} ({error.strerror}): use another path") from None


def _into_place(beside: Path, path: Path) -> None:
    """Rename `beside` to `path`, whatever is there."""
    directory = path.is_dir() and not path.is_symlink()
    if not directory and not (beside.is_dir() and os.path.lexists(path)):
        os.replace(beside, path)
        return
    aside = partials.aside(beside)
    try:
        os.rename(path, aside)
        os.replace(beside, path)
    except BaseException:
        if os.path.lexists(aside) and not os.path.lexists(path):
            os.rename(aside, path)
        raise
    fsync(path.parent)  # the old one goes when the new one's name is on the disk
    partials.discard_old(aside, beside)


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)
