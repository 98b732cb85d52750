"""The one rule for what may be deleted or written into: what carries our manifest for that very thing, never through a link."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from keyin_cli.errors import InputError, shown
from keyin_cli.storage.files import remove
from keyin_cli.storage.manifests import read_manifest
from keyin_cli.storage.paths import MANIFEST

TRACES = re.compile(r"\..*\.(partial|old|lock|holder)")  # what a command leaves that is killed before the manifest is there


def check_free(folder: Path, kind: str, names: Iterable[str] = ()) -> None:
    """Refuse to write files into a directory where they would replace those of something else. What else lies there may stay.

    Args:
        kind: of the manifest that may be there.
        names: of the files. None of them may be there when neither the directory nor one right inside has such a manifest.

    Raises:
        InputError: something else is there, or it is no directory.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{shown(folder)} is a file: give another --out")
    if (folder / MANIFEST).is_file():
        if (there := read_manifest(folder)["kind"]) != kind:
            raise InputError(f"{shown(folder)} holds a {shown(there)}, it is left alone: give another --out")
        return
    if (lost := [name for name in names if os.path.lexists(folder / name)]) and kind not in _kinds_inside(folder):
        raise InputError(f"{shown(folder / lost[0])} is nothing that keyin made, it is left alone: give another --out")


def check_ours(folder: Path, kind: str, **said: str) -> None:
    """Refuse to write into what is something else.

    Args:
        folder: where something is made, or continued. Nothing, and a folder without a file, are free.
        kind: of the manifest that has to be there otherwise.
        said: further keys of the manifest, or of the recipe in it.

    Raises:
        InputError: it is something else, or no folder.
    """
    if not os.path.lexists(folder):
        return
    if not os.path.isdir(folder):
        raise InputError(f"{shown(folder)} is no directory: give another --out")
    if not os.path.lexists(folder / MANIFEST):
        if _holds_files(folder):
            raise InputError(f"{shown(folder)} holds files that keyin did not make, it is left alone: give another --out")
        return
    manifest = read_manifest(folder)
    there = {"kind": manifest["kind"], **{key: manifest.get(key, manifest["recipe"].get(key)) for key in said}}
    if there != {"kind": kind, **said}:
        what = " ".join(shown(each) for each in there.values() if each is not None)
        raise InputError(f"{shown(folder)} holds a {what}, it is left alone: give another --out")


def remove_ours(folder: Path, kind: str, **said: str) -> None:
    """Delete a directory that is what is said, if it is there.

    Raises:
        InputError: it is something else, or a link, behind which anything could be; see `check_ours`.
    """
    if folder.is_symlink():
        raise InputError(f"{shown(folder)} is a link, nothing is deleted through one: delete it, or give another --out")
    check_ours(folder, kind, **said)
    remove(folder)


def _kinds_inside(folder: Path) -> Iterator[str]:
    """The kinds of manifests in the directories in a directory."""
    for manifest in folder.glob(f"*/{MANIFEST}"):
        with suppress(InputError):
            yield read_manifest(manifest.parent)["kind"]


def _holds_files(folder: Path) -> bool:
    try:
        return any(not TRACES.fullmatch(name) for name in os.listdir(folder))
    except OSError as error:
        raise InputError(f"{shown(folder)} cannot be read ({error.strerror}): give another --out") from None
