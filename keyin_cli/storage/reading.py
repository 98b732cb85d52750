"""Reading JSON that others may have written or damaged: bounded in every way, one clear line for what is wrong."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from keyin_cli.errors import InputError, shown

LARGEST = 2**28  # bytes of a file
DEEPEST = 50  # lists and objects inside each other
INTEGERS = range(-(2**63), 2**63)  # what arrays and files hold


def parsed(text: str | bytes) -> Any:
    """What JSON says. Numbers that no file of ours has, and trees so deep that a program ends over them, are damage.

    Raises:
        ValueError: it is no such JSON.
    """
    try:
        tree = json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError("too deep") from None
    _check_depth(tree)
    return tree


def read_bytes(path: Path) -> bytes:
    """The content of a regular file: a named pipe would never end.

    Raises:
        FileNotFoundError: there is none.
        InputError: it cannot be read, or is too large for what it should be.
    """
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{shown(path)} is no file: give another path")
        if found.st_size > LARGEST:
            raise InputError(f"{shown(path)} has {found.st_size:,} bytes, expected at most {LARGEST:,}: give another path")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except (OSError, ValueError) as error:  # ValueError: NUL in a path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{shown(path)} cannot be read ({shown(reason)}): give another path") from None


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        return parsed(read_bytes(path).decode())
    except FileNotFoundError:
        folder = shown(path.parent)
        raise InputError(f"{shown(path)} is missing: is {folder} a finished run? `keyin info {folder}`") from None
    except ValueError:
        raise InputError(f"{shown(path)} is damaged: run the command that made it again with --overwrite") from None


def _integer(text: str) -> int:
    value = int(text) if len(text) < 24 else INTEGERS.stop
    if value not in INTEGERS:
        raise ValueError("a number is too large")
    return value


def _check_depth(tree: Any) -> None:
    level = [tree]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, list | dict)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, list | dict)
        ]
        if not level:
            return
    raise ValueError("too deep")
