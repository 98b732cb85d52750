"""One command at a time for each artifact: the second waits for the first.

The locks are the kernel's, so a command that is killed holds none. The lock of `<folder>/<name>` is the empty hidden file
`<folder>/.<name>.lock`. It is left behind: where a lock file is deleted, a third command could lock a new one while the second
still locks the deleted one, and on network file systems that cannot be noticed. It may be deleted while no command runs.

Who holds a lock stands in `.<name>.holder`, which exists only while it is held or after a kill. It is read only by those who
found the lock taken, so what a killed holder left is believed by nobody.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from keyin_cli import distributed
from keyin_cli.errors import InputError, Interrupted, shown
from keyin_cli.interrupts import tidied
from keyin_cli.progress import say
from keyin_cli.storage import partials, writers
from keyin_cli.storage.files import FAILED, disk_errors

POLL = 0.1  # seconds between two attempts
UNNAMED = 5  # attempts until a holder that has not said who it is remains unnamed, or a lock that cannot be made is given up
LONGEST = 200  # characters of a command line that are shown

_waits: ContextVar[bool] = ContextVar("waits", default=True)
_held: set[tuple[int, int, Path]] = set()  # process, thread, artifact; a process that is forked holds nothing


@contextmanager
def waiting(allowed: bool) -> Iterator[None]:
    """Whether `locked` inside waits (as it does by default) or ends at once. Threads started inside do not inherit it."""
    token = _waits.set(allowed)
    try:
        yield
    finally:
        _waits.reset(token)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an artifact (a file or directory, whether it is there or not) for this thread alone.

    Waits while another thread or process holds it, after one line on stderr that says who does. So whoever comes in must look
    again at what is there. A thread may lock again what it holds already, however the path is spelt. What killed commands left
    half-written of the artifact itself is finished or deleted first (`partials.sweep`).

    Reading needs no lock: what `replace` writes is whole at any time. Under `torchrun` the first process alone takes locks.

    Raises:
        InputError: another command holds it and waiting is not allowed (see `waiting`), or it stands where nothing can be locked.
        Interrupted: a signal to stop came while waiting.
        RunError: the disk is full, or broken.
    """
    with tidied(), ExitStack() as stack:
        if distributed.rank() == 0:
            for artifact in _artifacts(path):
                stack.enter_context(_exclusive(artifact, path))
        yield


def _artifacts(path: Path) -> list[Path]:
    """What the path stands for, spelt in one way only; when it is a symbolic link also what that points to.

    Raises:
        InputError: it is links that lead nowhere but to each other, or a path that the system has not.
    """
    try:
        named = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
        return list(dict.fromkeys((named, named.resolve())))
    except (OSError, RuntimeError, ValueError) as error:  # a loop is a RuntimeError until Python 3.12
        reason = error.strerror if isinstance(error, OSError) else "a loop of links, or no path"
        raise InputError(f"{shown(path)} cannot be found ({reason}): use another path") from None


@contextmanager
def _exclusive(artifact: Path, spelt: Path) -> Iterator[None]:
    key = os.getpid(), threading.get_ident(), artifact
    if key in _held:
        yield
        return
    holder = artifact.with_name(f".{artifact.name}.holder")
    lock = FileLock(artifact.with_name(f".{artifact.name}.lock"))
    try:
        with _lockable(spelt, artifact.parent):
            artifact.parent.mkdir(parents=True, exist_ok=True)
            _acquire(lock, holder, spelt)
            holder.unlink(missing_ok=True)  # another user's cannot be overwritten
            holder.write_text(json.dumps(_myself()))
        _held.add(key)
        partials.sweep(artifact)
        yield
    finally:
        _held.discard(key)
        if lock.is_locked:
            partials.discard(holder)
            lock.release()


def _acquire(lock: FileLock, holder: Path, spelt: Path) -> None:
    """Wait for the lock, or give up when waiting is not allowed. Polls, because Ctrl-C would not end a wait in the kernel."""
    attempts, told = 0, False
    try:
        while True:
            try:
                lock.acquire(blocking=False)
                return
            except Timeout:
                attempts += 1
                if attempts > UNNAMED and not os.path.lexists(lock.lock_file):  # /proc makes no files and says they are not there
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
            who = _named(holder)
            if not told and (who or attempts > UNNAMED):
                taken = f"{spelt} is in use by {who or 'another process'}"
                if not _waits.get():
                    raise InputError(f"{taken}: run the same command again when that has ended, or without --no-wait to wait")
                say(f"{taken}: waiting; --no-wait ends instead")
                told = True
            if not threading.main_thread().is_alive():  # Ctrl-C reaches the main thread only
                raise KeyboardInterrupt
            time.sleep(POLL)
    except KeyboardInterrupt:
        raise Interrupted(f"stopped while waiting for {spelt}: run the same command again to continue") from None


def _myself() -> dict[str, str]:
    """What others are told of this process."""
    return {
        "writer": writers.name(),
        "process": f"process {os.getpid()} on {socket.gethostname()}",
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": _command(),
    }


def _named(holder: Path) -> str | None:
    """Who holds the lock, as words; None when it has not said so yet. Asked only when the lock is taken."""
    try:
        found = json.loads(holder.read_text())
        since = datetime.fromisoformat(found["since"]).astimezone()
        if writers.ended(found["writer"]):
            return None  # the one before, which was killed
        today = since.date() == datetime.now().date()
        return f"{found['process']} since {since:{'%H:%M' if today else '%Y-%m-%d %H:%M'}} ({found['command']})"
    except (OSError, ValueError, KeyError, TypeError):  # it is just being written or deleted
        return None


def _command() -> str:
    """The command line of this process, in one line."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    words = ["keyin" if name == "keyin_cli" else name or "python", *sys.argv[1:]]
    line = " ".join(" ".join(words).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


@contextmanager
def _lockable(spelt: Path, folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    with disk_errors(spelt):
        try:
            yield
        except OSError as error:
            if error.errno in FAILED:
                raise
            reason = "no directory" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
            what = f"{spelt} cannot be locked in {folder} ({reason})"
            raise InputError(f"{what}: use another path, or make that directory writable") from None
