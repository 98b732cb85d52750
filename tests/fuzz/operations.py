"""Counts what a command does to files, so that it can be ended, or refused, at a chosen one."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Counter:
    """Counts the operations of one command, across the fork: make it before the command starts, then `prepare` in there."""

    def __init__(self, folder: Path, act: Callable[[int, str], None] | None = None) -> None:
        """`act` is called before each operation in `folder` with its number, from 0 on, and the name of the event."""
        self._shared, self._folder, self._act = mmap.mmap(-1, 8), folder, act

    @property
    def count(self) -> int:
        return int.from_bytes(self._shared[:], "little")

    def prepare(self) -> None:
        """Begin to count in this process."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._is_change(event, args):
            return
        number = self.count
        self._shared[:] = (number + 1).to_bytes(8, "little")
        if self._act:
            self._act(number, event)

    def _is_change(self, event: str, args: tuple[Any, ...]) -> bool:
        """Relative names are in the folder, where the command runs."""
        if event == "open":
            path, _, flags = args
            return isinstance(flags, int) and bool(flags & WRITES) and self._inside(path)
        return event in CHANGES and self._inside(args[0])

    def _inside(self, path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a number of an open file
        name = os.fsdecode(path)
        return not os.path.isabs(name) or name.startswith(str(self._folder))
