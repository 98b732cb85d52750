"""Which process wrote something, and whether it has ended. Asked of what a killed process left behind."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

PATTERN = r"\d+-[0-9a-f]{8}-[0-9a-f]{16}"  # what `name` returns


def name() -> str:
    """A new name of this process for one thing that it writes: its id, a random part, its machine."""
    return f"{os.getpid()}-{secrets.token_hex(4)}-{_host()}{_kernel()}"


def ended(writer: str) -> bool:
    """Whether the process of a `name` is known to have ended: only processes of this very system can be asked for."""
    process, _, kernel = _parts(writer)
    return kernel == _kernel() and not _runs(process)


def before_restart(writer: str) -> bool:
    """Whether a `name` is of a machine called as this one, but from before its start or from another container of it."""
    _, host, kernel = _parts(writer)
    return host == _host() and kernel != _kernel()


def _parts(writer: str) -> tuple[int, str, str]:
    process, _, machine = writer.split("-")
    return int(process), machine[:8], machine[8:]


def _runs(process: int) -> bool:
    """Whether a process of this system runs; True where that cannot be told."""
    if os.name == "nt":  # signal 0 would end it there
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


@cache
def _host() -> str:
    return _short(socket.gethostname())


@cache
def _kernel() -> str:
    """The system whose process ids are meant: containers of one machine count theirs from 1 each, as a restarted machine does."""
    try:
        return _short(Path("/proc/sys/kernel/random/boot_id").read_text(), str(Path("/proc/self/ns/pid").stat().st_ino))
    except OSError:  # no Linux: the name of the machine has to do
        return _short(socket.gethostname())


def _short(*values: str) -> str:
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:8]
