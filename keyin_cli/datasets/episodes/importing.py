"""Demonstrations of others as a dataset of episodes; continues where it was stopped."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import storage
from keyin_cli.datasets.checking import attributes
from keyin_cli.datasets.episodes import layout
from keyin_cli.datasets.episodes.labels import Labels, check_episodes, marked, relabelled
from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.datasets.episodes.writer import Episode, Rows, Unfinished
from keyin_cli.datasets.sources.frames import Shape, shaped
from keyin_cli.datasets.sources.source import Piece, Source, Wanted, bounded, chosen_camera, open_source
from keyin_cli.errors import Different, InputError, Interrupted, shown
from keyin_cli.interrupts import interruptible, postponed
from keyin_cli.progress import say, track
from keyin_cli.recipe import differences, digest

SETTINGS = "settings.json"
FEW = 10  # episodes, below which all of them are in every split
ALIKE = 1.1  # times the lowest rate of an episode, up to which they count as one
SHARES = (0.8, 0.9)  # of the episodes: up to here training, up to there validation, the rest for testing


@dataclass(frozen=True)
class Settings:
    """What is taken from a source.

    Attributes:
        shape: what becomes of the frames.
        format: the name of the source's format; None finds it.
        camera: None where there is only one.
        signals: names of signals.
        episodes: the range [begin, end) that is taken.
    """

    shape: Shape
    format: str | None = None
    camera: str | None = None
    signals: tuple[str, ...] = ()
    episodes: tuple[int, int | None] = (0, None)


def import_source(path: Path, settings: Settings, out: Path, overwrite: bool = False, labels: Labels | None = None) -> Episodes:
    """Make a dataset of episodes from what is at `path`.

    Args:
        labels: of people, which replace those of the source. A dataset that is there already gets them as well.

    Raises:
        InputError: it cannot be read; something else is at `out`; what is there was imported with other settings; the labels name
            what is not there.
        Interrupted: SIGINT or SIGTERM came; finished episodes are kept.
    """
    kept = "nothing was replaced: run the same command again to begin anew"
    if not overwrite:
        kept = "the finished episodes are kept: run the same command again to continue"
    with interruptible(f"stopped; {kept}"), bounded():
        return _imported(path, settings, out, overwrite, labels)


def _imported(path: Path, settings: Settings, out: Path, overwrite: bool, labels: Labels | None) -> Episodes:
    kind, source = open_source(path, settings.format)
    camera = chosen_camera(source, settings.camera, path)
    if unknown := [name for name in settings.signals if name not in source.signals]:
        there = ", ".join(source.signals) or "none"
        raise InputError(f"{shown(path)} has no signal {unknown[0]}: there are {shown(there)}")
    if labels and (taken := _taken(source, settings)):
        check_episodes(labels, len(source.names), taken, path)
    lists = {"signals": list(settings.signals), "episodes": list(settings.episodes)}  # as JSON gives them back
    told = {"source": str(path), "format": kind.name, "settings": asdict(settings) | {"camera": camera} | lists}
    with storage.locked(out):
        _check_ours(out)
        if os.path.lexists(out) and not overwrite:
            episodes = _there(out, told)
        else:
            beside = out.with_name(f".{out.name}.importing")
            finished = _write(source, Wanted(camera, settings.signals), settings, told, beside, overwrite)
            with postponed() as received:
                storage.replace(out, finished.move) if os.path.lexists(out) else finished.move(out)
            if received:  # other work may follow
                raise Interrupted(f"stopped; {out} is finished: run the same command again to go on with it")
            episodes = open_episodes(out)
        return relabelled(episodes, labels) if labels else episodes


def _there(out: Path, told: Mapping[str, Any]) -> Episodes:
    """What was imported before.

    Raises:
        InputError: it is something else, or was imported with other settings.
    """
    episodes = open_episodes(out)
    if changes := differences({key: episodes.attributes.get(key) for key in told}, dict(told)):
        raise Different(f"{out} was imported differently ({shown(', '.join(changes))})")
    say(f"{out}: already imported")
    return episodes


def _check_ours(out: Path) -> None:
    """Raises:
    InputError: something is there that was not imported, which is never touched. What was may be damaged.
    """
    if os.path.lexists(out) and attributes(out).get("generator") != layout.GENERATOR:
        raise InputError(f"{out} was not made by {layout.GENERATOR}, it is left alone: give another --out")


def _write(
    source: Source, wanted: Wanted, settings: Settings, told: Mapping[str, Any], folder: Path, overwrite: bool
) -> Unfinished:
    """Bring a dataset in a folder of its own to its end."""
    begun = time.monotonic()
    file = folder / SETTINGS
    if folder.exists() and (overwrite or not file.is_file() or storage.read_json(file) != dict(told)):
        storage.remove(folder)
    if not folder.exists():
        folder.mkdir(parents=True)
        storage.write_json(file, dict(told))
    unfinished = Unfinished(folder)
    there = dict(enumerate(source.names))
    if any(there.get(record["source"]) != record["name"] for record in unfinished.records):
        raise InputError(f"{told['source']} has other episodes than when this import began: begin it anew with --overwrite")
    indices = _taken(source, settings)
    if not indices:
        raise InputError(
            f"--episodes {settings.episodes[0]}:{settings.episodes[1] or ''}: there are {len(source.names)} episodes"
        )
    done = {record["source"] for record in unfinished.records}
    if done:
        say(f"{folder.name}: {len(done)} of {len(indices)} episodes are there, continuing")
    with track("importing, episodes", len(indices), len(done)) as advance:
        for index in (index for index in indices if index not in done):
            pieces = shaped(source.read(index, wanted), settings.shape, shown(source.names[index]))
            unfinished.append(Episode(source.names[index], index, rows(pieces, source.labels(index))))
            advance()
    if not unfinished.records:
        raise InputError(f"{told['source']} has no frames")
    attributes = {
        "generator": layout.GENERATOR,
        "version": layout.VERSION,
        **told,
        "fps": _rate(unfinished),
        "sha256": digest([record["sha256"] for record in unfinished.records]),
        "manifest": storage.provenance() | {"wall_seconds": round(time.monotonic() - begun, 2)},
    }
    unfinished.finish(splits(len(unfinished.records)), attributes)
    return unfinished


def _taken(source: Source, settings: Settings) -> Sequence[int]:
    """The numbers of the episodes that are asked for."""
    return range(*slice(*settings.episodes).indices(len(source.names)))


def rows(pieces: Iterator[Piece], labels: NDArray[np.int64] | None) -> Iterator[Rows]:
    """The rows of every array, from the frames of an episode that are kept; `labels` are numbers of frames (see `marked`)."""
    waiting = np.unique(labels) if labels is not None else np.zeros(0, np.int64)
    for piece in pieces:
        found: dict[str, NDArray[Any]] = {
            layout.FRAMES: piece.frames,
            layout.SOURCE_FRAME: piece.numbers.astype(np.int64),
            layout.SECONDS: piece.seconds.astype(np.float64),
        }
        if labels is not None:
            found[layout.KEYFRAMES] = marked(piece.numbers, waiting)
            waiting = waiting[waiting > piece.numbers.max(initial=-1)]
        found |= {f"data/{key(name)}": values.astype(np.float32) for name, values in piece.signals.items()}
        yield found


def key(signal: str) -> str:
    """The name of a signal's array: other characters than letters, digits, `.`, `-` and `_` become `_`."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", signal.replace("/", "."))
    return f"signal.{name}" if name in layout.NO_SIGNALS or name.startswith((".", "__")) else name


def splits(n: int) -> NDArray[np.uint8] | None:
    """The split (n,) of every episode, a function of n alone; None where there are so few that all are in every split."""
    if n < FEW:
        return None
    places = np.random.default_rng([0, n]).permutation(n) / n
    return np.searchsorted(SHARES, places, side="right").astype(np.uint8)


def _rate(unfinished: Unfinished) -> float:
    """Frames a second; where episodes differ in it that is said, because a model counts frames."""
    found = rates(unfinished.read(layout.SECONDS))
    if found.max() > ALIKE * found.min():
        extent = f"{found.min():.4g} to {found.max():.4g} frames a second"
        say(f"the episodes have {extent}: import them with --fps {max(1, int(found.min()))} to make them alike")
    return round(float(np.median(found)), 2)


def rates(seconds: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Frames a second (n,) of episodes from the times of their frames; 10 where all have one frame alone."""
    longer = [each for each in seconds if len(each) > 1]
    return np.array([(len(each) - 1) / (each[-1] - each[0]) for each in longer] or [10.0])
