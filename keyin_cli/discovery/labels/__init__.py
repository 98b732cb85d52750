"""Keyframes that people labelled or corrected, from the files that `find` and `export` write and other tools give back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keyin_cli import storage
from keyin_cli.datasets.episodes.labels import Labels
from keyin_cli.discovery import found
from keyin_cli.discovery.labels import csv_rows, label_studio
from keyin_cli.errors import InputError, shown

LARGEST = 2**28  # bytes of a file

Keyframes = Mapping[int, Sequence[int]]  # numbers of the source's frames, in order, by number of the source's episode


class Reader(NamedTuple):
    """A format of labels.

    Attributes:
        help: what it is.
        recognises: whether a file of that name with that text is in it.
        read: gives what it says, or raises InputError.
        events: gives the names that it has for keyframes, by number of the frame, by episode.
    """

    help: str
    recognises: Callable[[Path, str], bool]
    read: Callable[[Path, str], Keyframes]
    events: Callable[[Path, str], Mapping[int, Mapping[int, str]]] = lambda _path, _text: {}


def _found(path: Path, text: str) -> Keyframes:
    return {episode.episode: episode.keyframes for episode in found.parsed(_tree(path, text), path).episodes}


def _label_studio(path: Path, text: str) -> Keyframes:
    return label_studio.keyframes(_tree(path, text), path)


READERS = {  # each file is the first's that recognises it
    "csv": Reader(
        "a table with the columns episode and keyframe",
        lambda path, _: path.suffix.lower() == ".csv",
        csv_rows.keyframes,
        csv_rows.events,
    ),
    "label-studio": Reader("what Label Studio exports as JSON", lambda _, text: text.lstrip().startswith("["), _label_studio),
    "keyframes.json": Reader("as keyin find writes it", lambda _, text: text.lstrip().startswith("{"), _found),
}


def read(path: Path) -> Labels:
    """The labels in a file.

    Raises:
        InputError: there are none, or they are damaged.
    """
    known = ", ".join(f"{name} ({reader.help})" for name, reader in READERS.items())
    if not path.is_file():
        raise InputError(f"no labels at {shown(path)}: give a file, {known}")
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes")
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = "it is no text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        raise InputError(f"{shown(path)} holds no labels ({shown(reason)}): give a file, {known}") from None
    reader = next((each for each in READERS.values() if each.recognises(path, text)), None)
    if reader is None:
        raise InputError(f"{shown(path)} holds no labels: give a file, {known}")
    return Labels(path, hashlib.sha256(content).hexdigest(), reader.read(path, text), reader.events(path, text))


def _tree(path: Path, text: str) -> Any:
    """Raises:
    InputError: it is no JSON.
    """
    try:
        return storage.parsed(text)
    except ValueError:
        raise InputError(f"{shown(path)} is no JSON that can be read: export it again") from None
