"""Fills a dataset shard by shard, or episode by episode, in parallel, and continues where it was stopped."""

from __future__ import annotations

import os
import time
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import machine, storage
from keyin_cli.datasets import checking, store
from keyin_cli.datasets.episodes import making
from keyin_cli.datasets.episodes.layout import GENERATED, is_episodes, open_episodes
from keyin_cli.datasets.kind import kind_of
from keyin_cli.datasets.opening import open_for
from keyin_cli.datasets.sequences import Sequences
from keyin_cli.datasets.shards import SHARD, Shard
from keyin_cli.errors import InputError
from keyin_cli.interrupts import interruptible
from keyin_cli.parallel import backend, spread
from keyin_cli.progress import say, track
from keyin_cli.recipe import DataSection, GeneratedData, GeneratedEpisodes, differences, digest

GENERATOR = GENERATED
WINDOWS = {"path", "frames", "stride"}  # keys of episodes that do not change what they are
FLOATS = 8  # bytes of a pixel while a frame is drawn


def generate(data: GeneratedData, path: Path, workers: int, dask: str | None = None, overwrite: bool = False) -> dict[str, Any]:
    """Make the dataset that `data` describes; what is there and whole is kept.

    Args:
        path: where; a Zarr group of the layout in `store`, or with episodes of that in `episodes.layout`.
        workers: processes on this machine.
        dask: address of a Dask scheduler that runs the shards instead; its workers must see the same file system.
        overwrite: start anew even when something is there.

    Returns:
        The object that `gen-data --json` prints.

    Raises:
        InputError: something else is there, or another command is making it and waiting is not allowed.
        Interrupted: SIGINT or SIGTERM came; the finished shards are kept.
    """
    if isinstance(data, GeneratedEpisodes):
        return _episodes(data, path, workers, dask, overwrite)
    check_room(data, SHARD, min(workers, -(-data.n // SHARD)))
    begins = overwrite or not path.exists()
    example = arrays(data, np.arange(1)) if begins else None  # before anything is written: it fails where nothing can be drawn
    with storage.locked(path):
        if overwrite and path.exists():
            _check_ours(path)
        if overwrite or not path.exists():
            _begin(data, path, example or arrays(data, np.arange(1)))
        _check(path, _recipe(data))
        return _complete(data, path, workers, dask)


def _episodes(data: GeneratedEpisodes, path: Path, workers: int, dask: str | None, overwrite: bool) -> dict[str, Any]:
    """Make a dataset of episodes; see `generate`."""
    making.check(data, workers)
    with storage.locked(path):
        if os.path.lexists(path):
            _check_ours(path)
            if not overwrite:
                _check(path, _recipe(data))
                say(f"{path}: already made")
                return making.result(open_episodes(path))
        return making.make(data, _recipe(data), path, workers, dask, overwrite)


def _begin(data: GeneratedData, path: Path, example: store.Arrays) -> None:
    """Make an empty dataset, in place of one that is there."""
    attributes = {"generator": GENERATOR, "version": store.VERSION, "seed": data.seed, "recipe": _recipe(data)}
    storage.replace(path, lambda beside: store.create(beside, data.n, example, attributes))


def _complete(data: GeneratedData, path: Path, workers: int, dask: str | None) -> dict[str, Any]:
    """Make the shards of a dataset that are missing or damaged; see `generate`."""
    begun = time.monotonic()
    total = -(-data.n // SHARD)
    done = store.finished_shards(path)
    todo = [index for index in range(total) if index not in done]
    if done and todo:
        say(f"{path}: {len(done)} of {total} shards are there, continuing")
    memory: dict[int, int] = {}  # by process; with one worker or one shard that is this one
    with (
        interruptible(f"stopped; the finished shards of {path} are kept: run the same command again to continue"),
        backend(min(workers, max(1, len(todo))), dask),
        track(f"simulating {path.name}", data.n, sum(_size(data, index) for index in done)) as advance,
    ):
        for index, shard, process, process_peak in spread(partial(_fill, data, path.absolute()), todo, per_worker=2):
            done[index] = shard
            memory[process] = max(process_peak, memory.get(process, 0))
            advance(_size(data, index))
    seconds, memory[os.getpid()] = time.monotonic() - begun, machine.peak_memory()
    peak = sum(memory.values())
    shards = [done[index] for index in range(total)]
    if todo or not checking.is_finished(path):
        manifest = storage.provenance() | {"wall_seconds": round(seconds, 2), "peak_memory_bytes": peak}
        store.finish(path, shards, {"manifest": manifest})
    made = sum(_size(data, index) for index in todo)
    return {
        "path": str(path),
        "n": data.n,
        "seconds": round(seconds, 2),
        "sequences_per_second": round(made / seconds, 1),
        "bytes": storage.size(path),
        "peak_memory_bytes": peak,
        "states_sha256": digest([shard["sha256"].get("states") for shard in shards]),
        "sha256": digest([shard["sha256"] for shard in shards]),
    }


def ensure(data: DataSection, workers: int | None = None, dask: str | None = None) -> Sequences:
    """Open a recipe's dataset; one that can be generated is made first when it is missing or unfinished.

    Raises:
        InputError: it is not what the recipe describes.
    """
    path = Path(data.path)
    if isinstance(data, GeneratedData):
        if not _there(path):
            with storage.locked(path):
                if not _there(path):  # else another command made it while this one waited
                    say(f"{path} is missing or unfinished: making it ({data.n:,} sequences)")
                    generate(data, path, workers or machine.cores(), dask)
        _check(path, _recipe(data))
    return open_for(data)


def _there(path: Path) -> bool:
    return path.exists() and (is_episodes(path) or checking.is_finished(path))


def estimate(data: GeneratedData, workers: int) -> dict[str, Any]:
    """Shapes, bytes in memory and on disk and seconds that `generate` would take, from a few sequences made and compressed in
    memory.

    Raises:
        InputError: it does not fit into memory.
    """
    if isinstance(data, GeneratedEpisodes):
        return making.estimate(data, workers)
    needed = check_room(data, SHARD, min(workers, -(-data.n // SHARD)))
    begun = time.perf_counter()
    sample = arrays(data, np.arange(min(data.n, 4 * store.CHUNK)))
    seconds = time.perf_counter() - begun
    scale = data.n / len(sample["frames"])
    return {
        "recipe": data.model_dump(mode="json"),
        "arrays": {name: f"{(data.n, *array.shape[1:])} {array.dtype}" for name, array in sample.items()},
        "memory": needed,
        "bytes": int(scale * sum(len(zlib.compress(array.tobytes(), 1)) for array in sample.values())),
        "seconds": round(scale * seconds / workers, 1),
    }


def check_room(data: GeneratedData, shard: int, workers: int) -> int:
    """The bytes that the frames of a shard take in every process, when that is less than what is free.

    Raises:
        InputError: it is more.
    """
    together = min(data.n, shard) * workers
    needed = data.frames * data.frame.pixels * (together + FLOATS * workers)
    machine.check_room(needed, f"making {data.kind}", "give smaller or shorter frames, or fewer --workers")
    return needed


def arrays(data: GeneratedData, indices: NDArray[np.integer[Any]]) -> store.Arrays:
    """Simulate and draw the sequences `indices`: every array of the dataset."""
    make = kind_of(data).arrays
    assert make is not None  # a GeneratedData section belongs to a kind that is generated
    return make(data, indices)


def _size(data: GeneratedData, index: int) -> int:
    """How many sequences a shard has."""
    return min(SHARD, data.n - index * SHARD)


def _fill(data: GeneratedData, path: Path, index: int) -> tuple[int, Shard, int, int]:
    """Make one shard. Returns its index, it, and this process's id and peak memory in bytes."""
    indices = index * SHARD + np.arange(_size(data, index))
    return index, store.write_shard(path, index, arrays(data, indices)), os.getpid(), machine.peak_memory()


def _recipe(data: GeneratedData) -> dict[str, Any]:
    """What decides the content of a dataset."""
    return data.model_dump(mode="json", exclude=WINDOWS if isinstance(data, GeneratedEpisodes) else {"path"})


def _check(path: Path, recipe: dict[str, Any]) -> None:
    """Refuse to write into anything but a dataset of the same recipe.

    Raises:
        InputError: naming every key that differs.
    """
    if changes := differences(_check_ours(path), recipe):
        what = f"{path} was made with another recipe ({', '.join(changes)})"
        raise InputError(f"{what}: use another path, or `keyin gen-data --overwrite` to replace it")


def _check_ours(path: Path) -> Any:
    """The recipe of a dataset that `generate` made or began.

    Raises:
        InputError: it is anything else, which is never touched.
    """
    there = checking.attributes(path)
    if there.get("generator") != GENERATOR:
        raise InputError(f"{path} was not made by {GENERATOR}, it is left alone: use another path")
    return there.get("recipe")
