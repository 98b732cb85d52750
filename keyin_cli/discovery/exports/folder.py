"""A folder of exports: `manifest.json`, and for every format a folder of its name. It is written as a whole or not at all."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keyin_cli import storage
from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.datasets.sources import lerobot
from keyin_cli.discovery import found
from keyin_cli.discovery.exports import FORMATS, Inputs
from keyin_cli.discovery.found import Found, dataset_of
from keyin_cli.errors import InputError, shown
from keyin_cli.interrupts import interruptible

KIND = "export"


def export(
    path: Path,
    names: Sequence[str],
    out: Path,
    data: Path | None = None,
    overwrite: bool = False,
    source: Path | None = None,
) -> Found:
    """Write keyframes in some formats.

    Args:
        path: the file with the keyframes.
        names: of `FORMATS`.
        out: the folder, which is made.
        data: the dataset that they were found in; None takes the one that the file names.
        overwrite: replace an earlier export.
        source: what the dataset was imported from; None takes what the file names.

    Raises:
        InputError: an input cannot be read, a format is unknown, something else is at `out`.
        Interrupted: SIGINT or SIGTERM came; nothing is written.
    """
    _check_names(names)
    keyframes = _read(path)
    for name, given in (("data", data), ("source", source)):
        _check_needed(name, given, names)
    episodes = open_episodes(data or dataset_of(keyframes, path)) if _needing("data", names) else None
    origin = source or _origin(keyframes, path) if _needing("source", names) else None
    if origin:
        _check_source(origin, out)
    inputs = {"keyframes": {"path": storage.from_here(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}
    if episodes:
        inputs["dataset"] = {"path": storage.from_here(episodes.path), "sha256": episodes.sha256}
    if out.name in ("", ".."):
        raise InputError(f"--out {out}: give a folder of its own")

    def write(beside: Path) -> None:
        _fill(beside, keyframes, names, Inputs(episodes, origin))
        recipe = {"to": list(names)} | ({"source": storage.from_here(origin)} if origin else {})
        manifest = storage.provenance() | {"kind": KIND, "recipe": recipe, "inputs": inputs}
        storage.write_json(beside / storage.MANIFEST, manifest | {"finished": storage.now()})

    with storage.locked(out), interruptible("stopped; nothing was exported: run the same command again"):
        _check_free(out, [path, *([episodes.path] if episodes else []), *([origin] if origin else [])], overwrite)
        try:
            storage.replace(out, write)
        except OSError as error:
            raise InputError(f"{shown(out)} cannot be written ({error.strerror or error}): give another --out") from None
    return keyframes


def _check_names(names: Sequence[str]) -> None:
    """Raises:
    InputError: one is no format.
    """
    if unknown := [name for name in names if name not in FORMATS]:
        near = difflib.get_close_matches(unknown[0], FORMATS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"no format {shown(unknown[0])}: {hint}there are {', '.join(FORMATS)}")


def _read(path: Path) -> Found:
    """Raises:
    InputError: there are no keyframes.
    """
    if not os.path.isfile(path):
        raise InputError(f"no keyframes at {shown(path)}: give a file that `keyin find` wrote")
    return found.read(path)


def _needing(option: str, names: Sequence[str]) -> list[str]:
    """The formats among some that read what `--data` or `--source` gives."""
    return [name for name in names if (FORMATS[name].frames if option == "data" else FORMATS[name].source)]


def _check_needed(option: str, given: Path | None, names: Sequence[str]) -> None:
    """Raises:
    InputError: an option is given that no format reads.
    """
    if given and not _needing(option, names):
        needing = " or ".join(f"--to {name}" for name in _needing(option, list(FORMATS)))
        what = "what shows frames" if option == "data" else "a copy of the source"
        raise InputError(f"--{option} is for {what}: give {needing} too, or leave it out")


def _origin(keyframes: Found, path: Path) -> Path:
    """What the dataset was imported from, as a file of keyframes names it.

    Raises:
        InputError: it is not there.
    """
    if not os.path.lexists(keyframes.source):
        told = f"names the source {shown(keyframes.source)}, which is not there" if keyframes.source else "names no source"
        raise InputError(f"{shown(path)} {told}: give the dataset that was imported with --source")
    return Path(keyframes.source)


def _check_source(source: Path, out: Path) -> None:
    """Raises:
    InputError: a source is no LeRobot dataset, or the export would be written into it.
    """
    if not lerobot.recognises(source):
        raise InputError(f"{shown(source)} is no LeRobot dataset, of which alone a copy is made: give one with --source")
    if out.resolve().is_relative_to(source.resolve()):
        raise InputError(f"{shown(out)} is in {shown(source)}, which is left as it is: give another --out")


def _check_free(out: Path, inputs: Sequence[Path], overwrite: bool) -> None:
    """Raises:
    InputError: what is there is no export, or is one and is not to be replaced.
    """
    if not os.path.lexists(out):
        return
    storage.check_free(out, KIND)
    if not (out / storage.MANIFEST).is_file():
        raise InputError(f"{shown(out)} was not made by keyin export, it is left alone: give another --out")
    if not overwrite:
        raise InputError(f"{shown(out)} was exported before: give another --out, or --overwrite to replace it")
    if inside := [each for each in inputs if each.resolve().is_relative_to(out.resolve())]:
        raise InputError(f"{shown(inside[0])} is in {shown(out)}, which would be replaced: give another --out")


def _fill(folder: Path, keyframes: Found, names: Sequence[str], inputs: Inputs) -> None:
    """Raises:
    InputError: a format cannot be written.
    """
    for name in names:
        (folder / name).mkdir(parents=True)
        FORMATS[name].write(keyframes, folder / name, inputs)


def summary(keyframes: Found, names: Sequence[str], out: Path) -> dict[str, Any]:
    """The object that `export --json` prints."""
    return {
        "path": str(out),
        "formats": {name: str(out / name) for name in names},
        "episodes": len(keyframes.episodes),
        "keyframes": sum(len(episode.keyframes) for episode in keyframes.episodes),
    }
