"""Episodes of any length that a kind of dataset makes, in parallel; continues where it was stopped."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import machine, storage
from keyin_cli.datasets import rng
from keyin_cli.datasets.episodes import layout
from keyin_cli.datasets.episodes.importing import FEW
from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.datasets.episodes.rows import STATE, EpisodeRows
from keyin_cli.datasets.episodes.writer import Episode, Rows, Unfinished
from keyin_cli.datasets.kind import Demonstrator, kind_of
from keyin_cli.errors import InputError, Interrupted
from keyin_cli.interrupts import interruptible, postponed
from keyin_cli.parallel import backend, spread
from keyin_cli.progress import say, track
from keyin_cli.recipe import GeneratedEpisodes, differences, digest

RECIPE = "recipe.json"  # of a dataset that is not finished
GOLDEN = (5**0.5 - 1) / 2
LONG = 1000  # frames of an episode that is longer than most
HELD = 3  # episodes that a worker and this process hold for each worker


def check(data: GeneratedEpisodes, workers: int) -> int:
    """Whether episodes can be made here: the bytes that they take in memory meanwhile, when that is less than what is free.

    Raises:
        InputError: a package or OpenGL is missing, or memory.
    """
    demonstrator(data).ready()
    needed = LONG * data.frame.pixels * HELD * min(workers, data.n)
    machine.check_room(needed, f"making {data.kind}", "give smaller frames, or fewer --workers")
    return needed


def demonstrator(data: GeneratedEpisodes) -> Demonstrator:
    """What makes the episodes of a recipe's data section."""
    found = kind_of(data).demonstrator
    assert found is not None  # a GeneratedEpisodes section belongs to a kind that makes episodes
    return found


def folder(path: Path) -> Path:
    """Where the episodes of a dataset are until all are there."""
    return path.with_name(f".{path.name}.making")


def make(
    data: GeneratedEpisodes, recipe: dict[str, Any], path: Path, workers: int, dask: str | None, overwrite: bool
) -> dict[str, Any]:
    """Make the episodes, or those that are missing of a dataset that was begun, and put them at `path`, which is locked.

    Args:
        recipe: what decides the content of the dataset.
        overwrite: begin anew, and replace what is at `path`.

    Returns:
        The object that `gen-data --json` prints.

    Raises:
        InputError: what was begun has another recipe.
        Interrupted: SIGINT or SIGTERM came; the finished episodes are kept.
    """
    begun = time.monotonic()
    unfinished = _begun(recipe, path, overwrite)
    there = len(unfinished.records)
    if there:
        say(f"{path}: {there} of {data.n} episodes are there, continuing")
    memory: dict[int, int] = {}  # by process; with one worker that is this one
    todo = range(there, data.n)
    kept = "nothing was replaced: run the same command again to begin anew"
    if not overwrite:
        kept = f"the finished episodes of {path} are kept: run the same command again to continue"
    with (
        interruptible(f"stopped; {kept}"),
        backend(min(workers, max(1, len(todo))), dask),
        track(f"making {path.name}, episodes", data.n, there) as advance,
    ):
        for index, rows, process, peak in spread(partial(_episode, data), todo, per_worker=2):
            memory[process] = max(peak, memory.get(process, 0))
            unfinished.append(Episode(f"episode {index}", index, _rows(rows, demonstrator(data).fps), _told(rows)))
            advance()
    seconds, memory[os.getpid()] = time.monotonic() - begun, machine.peak_memory()
    peak = sum(memory.values())
    unfinished.finish(_splits(data), _attributes(data, recipe, unfinished, seconds, peak))
    with postponed() as received:
        storage.replace(path, unfinished.move) if os.path.lexists(path) else unfinished.move(path)
    if received:  # other work may follow
        raise Interrupted(f"stopped; {path} is finished: run the same command again to go on with it")
    return result(open_episodes(path), len(todo), seconds, peak)


def result(episodes: Episodes, made: int = 0, seconds: float = 0.0, peak: int = 0) -> dict[str, Any]:
    """The object that `gen-data --json` prints, of a dataset of which so many episodes were made just now."""
    return {
        "path": str(episodes.path),
        "n": episodes.n,
        "frames": episodes.total,
        "events": sum(len(record["events"]) for record in episodes.records),
        "seconds": round(seconds, 2),
        "sequences_per_second": round(made / seconds, 2) if made else 0.0,
        "bytes": storage.size(episodes.path),
        "peak_memory_bytes": peak or machine.peak_memory(),
        "states_sha256": digest([record["sha256"].get(f"data/{STATE}") for record in episodes.records]),
        "sha256": episodes.sha256,
    }


def estimate(data: GeneratedEpisodes, workers: int) -> dict[str, Any]:
    """Shapes, bytes in memory and on disk and seconds that `make` would take, from the first episode, which is made.

    Raises:
        InputError: see `check`.
    """
    needed = check(data, workers)
    begun = time.perf_counter()
    first = demonstrator(data).episode(data, 0)
    seconds = time.perf_counter() - begun
    (sample,) = _rows(first, demonstrator(data).fps)
    total = data.n * len(first.frames)
    return {
        "recipe": data.model_dump(mode="json"),
        "arrays": {name: f"about {(total, *values.shape[1:])} {values.dtype}" for name, values in sample.items()},
        "memory": needed,
        "bytes": data.n * sum(len(zlib.compress(values.tobytes(), 1)) for values in sample.values()),
        "seconds": round(seconds * -(-data.n // min(workers, data.n)), 1),
    }


def _begun(recipe: dict[str, Any], path: Path, overwrite: bool) -> Unfinished:
    """What there is of a dataset that is not finished.

    Raises:
        InputError: it has another recipe.
    """
    there = folder(path)
    file = there / RECIPE
    if os.path.lexists(there) and (overwrite or not file.is_file()):  # without its recipe nothing was begun
        storage.remove(there)
    if there.exists() and (changes := differences(storage.read_json(file), recipe)):
        what = f"{path} was begun with another recipe ({', '.join(changes)})"
        raise InputError(f"{what}: use another path, or `keyin gen-data --overwrite` to begin anew")
    if not there.exists():
        with storage.disk_errors(there):
            there.mkdir(parents=True)
        storage.write_json(file, recipe)
    return Unfinished(there)


def _episode(data: GeneratedEpisodes, index: int) -> tuple[int, EpisodeRows, int, int]:
    """Make one episode. Returns its index, it, and this process's id and peak memory in bytes."""
    return index, demonstrator(data).episode(data, index), os.getpid(), machine.peak_memory()


def _rows(made: EpisodeRows, fps: float) -> Iterator[Rows]:
    """Every array of the dataset."""
    numbers = np.arange(len(made.frames), dtype=np.int64)
    yield {
        layout.FRAMES: made.frames,
        layout.SOURCE_FRAME: numbers,
        layout.SECONDS: numbers / fps,
        layout.KEYFRAMES: made.keyframes,
        **{f"data/{name}": values for name, values in made.signals.items()},
    }


def _told(made: EpisodeRows) -> dict[str, Any]:
    return {"events": [event._asdict() for event in made.events], **made.told}


def _splits(data: GeneratedEpisodes) -> NDArray[np.uint8] | None:
    """The split (n,) of every episode: a function of seed and index that is near the shares for any n, as numbers drawn at random
    are not for some dozens. None where there are so few that all are in every split."""
    if data.n < FEW:
        return None
    begin = rng.uniform(data.seed, np.arange(1), 1)[0, 0]
    return rng.splits(data.split, (begin + np.arange(data.n) * GOLDEN) % 1)


def _attributes(
    data: GeneratedEpisodes, recipe: Mapping[str, Any], unfinished: Unfinished, seconds: float, peak: int
) -> dict[str, Any]:
    """What the dataset says of itself."""
    acting = demonstrator(data)
    return {
        "generator": layout.GENERATED,
        "version": layout.VERSION,
        "seed": data.seed,
        "recipe": recipe,
        "source": data.kind,
        "format": layout.GENERATED,
        "fps": acting.fps,
        "roles": dict(acting.roles),
        "sha256": digest([record["sha256"] for record in unfinished.records]),
        "manifest": storage.provenance() | {"wall_seconds": round(seconds, 2), "peak_memory_bytes": peak},
    }
