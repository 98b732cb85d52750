"""A small disk of one's own, where root may have one: it fills up as a real one does."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

NEW_NAMESPACE = 0x00020000  # CLONE_NEWNS
PRIVATE, REC, REMOUNT = 1 << 18, 1 << 14, 1 << 5  # MS_PRIVATE, MS_REC, MS_REMOUNT
DETACH = 2  # MNT_DETACH

_private = False


def mount(folder: Path, kilobytes: int) -> bool:
    """Mount a disk of a size over a folder, for this process and those that it starts alone; False where that is not allowed."""
    global _private
    with suppress(OSError):
        if not _private:
            _call("unshare", NEW_NAMESPACE)
            _call("mount", b"none", b"/", None, REC | PRIVATE, None)
            _private = True
        _call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={kilobytes}k".encode())
        return True
    return False


def resize(folder: Path, kilobytes: int) -> None:
    """Give it another size; what is on it stays."""
    _call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", REMOUNT, f"size={kilobytes}k".encode())


def used(folder: Path) -> int:
    """Kilobytes that are taken of it."""
    disk = os.statvfs(folder)
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024


def unmount(folder: Path) -> None:
    _call("umount2", os.fsencode(folder), DETACH)


def _call(name: str, *args: int | bytes | None) -> None:
    """Raises:
    OSError: the system refuses.
    """
    library = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in args]
    if getattr(library, name)(*words):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
