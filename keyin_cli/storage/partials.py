"""Hidden names beside a target under which it is written and moved aside, and what becomes of those that a kill left behind.

    .<name>.<writer>.partial    what is being written or deleted
    .<name>.<writer>.old        the directory that was there, while its successor takes its place

Every writer has names of its own (see `writers`), so two never write the same file. What a writer left is touched only when that
writer is known to have ended.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from keyin_cli.storage import writers

PARTIAL, OLD = "partial", "old"
UNTOUCHED = 24 * 3600.0  # seconds without a byte written, after which what was left before a restart is given up


def beside(target: Path) -> Path:
    """A name of this writer's own under which `target` is written; nothing is made."""
    return _named(target, writers.name(), PARTIAL)


def aside(partial: Path) -> Path:
    """The name under which the target waits while `partial` takes its place."""
    return partial.with_suffix(f".{OLD}")


def target(path: Path) -> Path:
    """What is written under a name that `beside` gave; any other path as it is."""
    found = re.fullmatch(rf"\.(.+)\.{writers.PATTERN}\.{PARTIAL}", path.name)
    return path.with_name(found[1]) if found else path


def sweep(target: Path) -> None:
    """Finish or delete what writers of `target` left that have ended.

    Where nothing is at `target`, a directory that was moved aside is replaced by its successor, which is complete, or moved back
    when there is none; all else is deleted. A writer has ended when its process is gone, asked on the system that it ran on.
    After a restart of the machine (or of its container) nobody can be asked: then it has when nothing was written for a day.
    What writers on other machines left stays.
    """
    for writer in {writer for writer, path in _left(target) if _given_up(writer, path)}:
        partial, old = (_named(target, writer, kind) for kind in (PARTIAL, OLD))
        if os.path.lexists(old) and not os.path.lexists(target):
            with suppress(OSError):  # another process is faster
                os.rename(partial if partial.exists() else old, target)
        discard(partial)
        discard_old(old, partial)


def discard(path: Path) -> None:
    """Delete as much of a file or directory as can be deleted: nobody asks for it any more."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def discard_old(old: Path, partial: Path) -> None:
    """Delete what was moved aside, under the name `partial`, which is free: a kill leaves no half of it that is moved back."""
    with suppress(OSError):
        os.rename(old, partial)
        discard(partial)


def _named(target: Path, writer: str, kind: str) -> Path:
    return target.with_name(f".{target.name}.{writer}.{kind}")


def _left(target: Path) -> Iterator[tuple[str, Path]]:
    """Every name beside `target` that a writer gave, with the writer."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.({writers.PATTERN})\.({PARTIAL}|{OLD})")
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in list(target.parent.iterdir()):
            if found := pattern.fullmatch(path.name):
                yield found[1], path


def _given_up(writer: str, path: Path) -> bool:
    if writers.ended(writer):
        return True
    return writers.before_restart(writer) and time.time() - _touched(path) > UNTOUCHED


def _touched(path: Path) -> float:
    """When anything of a file or directory was last written; now, when it is just going away."""
    try:
        return max(file.lstat().st_mtime for file in [path, *path.rglob("*")])
    except OSError:
        return time.time()
