"""A folder of video files, one episode each: those in it and in folders below, in natural order (2 before 10) of their paths.

Hidden files and folders are passed over, and so are links to folders and links to files outside.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from keyin_cli.datasets.sources.source import SourceKind
from keyin_cli.datasets.sources.video import SUFFIXES, Videos
from keyin_cli.errors import InputError, shown


def natural(path: PurePath) -> list[tuple[list[str | int], str]]:
    """What paths are sorted by, folder by folder: numbers in names by their value."""
    parts = [re.split(r"([0-9]+)", part) for part in path.parts]  # text and numbers take turns, text first
    return [([int(each) if i % 2 else each for i, each in enumerate(part)], "".join(part)) for part in parts]


def open_folder(root: Path) -> Videos:
    """Lists the videos and opens none. An episode's name is the path in the folder without suffix.

    Raises:
        InputError: it is no folder, has no videos, cannot be listed, or two videos differ in nothing but their suffixes.
    """
    if not root.is_dir():
        raise InputError(f"{shown(root)} is no folder: give a folder of videos")
    found: dict[str, PurePath] = {}
    for path in sorted((path.relative_to(root) for path in _videos(root)), key=lambda path: natural(path.with_suffix(""))):
        name = path.with_suffix("").as_posix()
        if name in found:
            both = f"{shown(found[name])} and {shown(path)}"
            raise InputError(f"{shown(root)} has {both}, which would be episodes of one name: rename one, or move it out")
        found[name] = path
    if not found:
        endings = ", ".join(SUFFIXES)
        raise InputError(f"{shown(root)} has no videos ({endings}) that are neither hidden nor links to elsewhere: give others")
    return Videos([root / path for path in found.values()], list(found))


def recognises(path: Path) -> bool:
    return path.is_dir() and next(_videos(path), None) is not None


def _videos(root: Path) -> Iterator[Path]:
    """Video files below a folder, in no order.

    Raises:
        InputError: a folder cannot be listed.
    """
    inside = os.path.realpath(root)

    def fail(error: OSError) -> None:
        raise InputError(f"{shown(error.filename)} cannot be listed ({error.strerror}): see to its rights, or move it out")

    for folder, folders, names in os.walk(root, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES or not path.is_file():
                continue
            if not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(inside):
                yield path


SOURCE = SourceKind(
    name="folder",
    help="folder of video files, one episode each",
    recognises=recognises,
    open=open_folder,
    order=90,
)
