"""Writing so that a file or directory is either whole or not there."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keyin_cli.errors import InputError, RunError, shown
from keyin_cli.interrupts import tidied
from keyin_cli.storage import partials

Writer = Callable[[Path], None]

FULL = (errno.ENOSPC, errno.EDQUOT)  # what a full disk is called
FAILED = {  # what is no fault of the path that was given, and what is to be done
    **dict.fromkeys(FULL, "free space"),
    errno.EIO: "see to the disk",
    errno.EMFILE: "allow more open files (`ulimit -n`), or take fewer --workers",
    errno.ENFILE: "end other programs",
    errno.ENOMEM: "end other programs, or use a machine with more memory",
    errno.EFBIG: "allow larger files (`ulimit -f`)",
}
OF_RUST = re.compile(r"\(os error (\d+)\)")  # as safetensors says it


@contextmanager
def disk_errors(what: Path) -> Iterator[None]:
    """Turn what the system refuses while `what` is written into one line; whatever was finished before stays.

    Raises:
        RunError: the disk is full, or something else of the machine fails.
        InputError: nothing can be written there.
    """
    try:
        yield
    except Exception as error:
        if (number := _number(error)) is None:
            raise
        what, reason = partials.target(what), "the disk is full" if number in FULL else os.strerror(number)
        if number in FAILED:
            failed = f"{reason} while writing {shown(what)}; nothing finished is lost"
            raise RunError(f"{failed}: {FAILED[number]} and run the same command again") from error
        raise InputError(f"{shown(what)} cannot be written ({reason}): use another path, or make this one writable") from error


def _number(error: Exception) -> int | None:
    """The number that the system gave an error, in Python or below."""
    if isinstance(error, OSError):
        return error.errno
    found = OF_RUST.search(str(error)) if type(error).__name__ == "SafetensorError" else None
    return int(found[1]) if found else None


def write(path: Path, data: bytes | str) -> None:
    """Write a file so that it is either whole or not there: beside, fsynced, renamed."""
    replace(path, lambda beside: _write_bytes(beside, data.encode() if isinstance(data, str) else data))


def replace(path: Path, writer: Writer) -> None:
    """Let `writer` make a file or directory beside `path`, fsync it, then rename it into place.

    A file is replaced at once. A directory cannot be: the old one is moved aside first, and between the two renames a reader
    finds nothing. After a kill there, the next call for the same path puts the new one into place (see `partials.sweep`).
    Whatever fails, `path` is whole, the old one or the new, and only this call's own partial is removed.

    Raises:
        InputError: the directory that it is to lie in cannot be made; there is a directory where a file is to be.
        RunError: the disk is full, or broken.
    """
    _make_folder(path)
    partials.sweep(path)
    beside = partials.beside(path)
    with tidied(), disk_errors(path):
        try:
            writer(beside)
            for file in [beside, *beside.rglob("*")] if beside.is_dir() else [beside]:
                fsync(file)
            _into_place(beside, path)
        except BaseException:
            partials.discard(beside)
            raise
        fsync(path.parent)


def usual_mode(writer: Writer) -> Writer:
    """A writer of one file that makes it as any other is made, by the umask: safetensors lets nobody but its owner read it."""

    def write(path: Path) -> None:
        path.touch()
        mode = path.stat().st_mode
        writer(path)
        path.chmod(mode)

    return write


def remove(path: Path) -> None:
    """Delete a file or directory if it is there. A directory is renamed first, so that a kill leaves no half of it at `path`.

    What a killed call for the same path left is deleted, too.
    """
    partials.sweep(path)
    if path.is_dir() and not path.is_symlink():
        beside = partials.beside(path)
        os.rename(path, beside)
        shutil.rmtree(beside)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, tree: Any) -> None:
    write(path, json.dumps(tree, indent=2) + "\n")


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
            if error.errno in FAILED:
                raise
            raise InputError(f"{path.parent} cannot be made for {path.name} ({error.strerror}): use another path") from None


def _into_place(beside: Path, path: Path) -> None:
    """Rename `beside` to `path`, whatever is there."""
    directory = path.is_dir() and not path.is_symlink()
    if directory and not beside.is_dir():  # whatever is in it, it is no earlier version
        raise InputError(f"{shown(path)} is a directory, it is left alone: use another path")
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
