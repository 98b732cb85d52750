"""Fills a dataset shard by shard, in parallel, and continues where it was stopped."""

from __future__ import annotations

import os
import signal
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs, parallel_config

from keyin_cli import artifacts
from keyin_cli.data import brownian, store
from keyin_cli.errors import InputError, Interrupted
from keyin_cli.progress import say, track
from keyin_cli.recipe import BrownianData, ZarrData, differences, digest

GENERATOR = "keyin gen-data"


def generate(data: BrownianData, path: Path, workers: int, dask: str | None = None, overwrite: bool = False) -> dict[str, Any]:
    """Make the dataset that `data` describes; what is there and whole is kept.

    Args:
        path: where; a Zarr group of the layout in `store`.
        workers: processes on this machine.
        dask: address of a Dask scheduler that runs the shards instead; its workers must see the same file system.
        overwrite: start anew even when something is there.

    Returns:
        The object that `gen-data --json` prints.

    Raises:
        InputError: something else is there.
        Interrupted: SIGINT or SIGTERM came; the finished shards are kept.
    """
    begun = time.monotonic()
    recipe = _recipe(data)
    if overwrite:
        artifacts.remove(path)
    if not path.exists():
        example = arrays(data, np.arange(1))
        attributes = {"generator": GENERATOR, "version": store.VERSION, "seed": data.seed, "recipe": recipe}
        artifacts.replace(path, lambda beside: store.create(beside, data.n, example, attributes))
    _check(path, recipe)
    total = -(-data.n // store.SHARD)
    done = store.finished_shards(path)
    todo = [index for index in range(total) if index not in done]
    memory: dict[int, int] = {}
    if done and todo:
        say(f"{path}: {len(done)} of {total} shards are there, continuing")
    with ExitStack() as stack:
        stack.enter_context(_signals(path))
        if dask is not None:
            from distributed import Client

            stack.enter_context(Client(dask))
            stack.enter_context(parallel_config(backend="dask"))
        else:
            stack.enter_context(parallel_config(backend="loky", n_jobs=min(workers, max(1, len(todo)))))
        advance = stack.enter_context(track(f"simulating {path.name}", data.n, min(data.n, len(done) * store.SHARD)))
        round_size = 2 * effective_n_jobs(-1 if dask else None)
        for begin in range(0, len(todo), round_size):
            indices = todo[begin : begin + round_size]
            results = Parallel()(delayed(_fill)(data, path, index) for index in indices)
            for index, (shard, process, peak) in zip(indices, results, strict=True):
                done[index] = shard
                memory[process] = max(peak, memory.get(process, 0))
                advance(min(store.SHARD, data.n - index * store.SHARD))
    seconds = time.monotonic() - begun
    shards = [done[index] for index in range(total)]
    if todo:
        peak = artifacts.peak_memory() + sum(memory.values())
        manifest = artifacts.provenance() | {"wall_seconds": round(seconds, 2), "peak_memory_bytes": peak}
        store.finish(path, shards, {"manifest": manifest})
    return {
        "path": str(path),
        "n": data.n,
        "seconds": round(seconds, 2),
        "sequences_per_second": round(len(todo) * store.SHARD / seconds, 1),
        "bytes": artifacts.size(path),
        "states_sha256": digest([shard["sha256"]["states"] for shard in shards]),
        "sha256": digest([shard["sha256"] for shard in shards]),
    }


def ensure(data: BrownianData | ZarrData) -> store.Dataset:
    """Open a recipe's dataset; one that can be generated is made first when it is missing or unfinished.

    Raises:
        InputError: it is not what the recipe describes.
    """
    path = Path(data.path)
    if isinstance(data, BrownianData):
        if not path.exists() or not store.is_finished(path):
            say(f"{path} is missing or unfinished: making it ({data.n:,} sequences)")
            generate(data, path, workers=os.cpu_count() or 1)
        _check(path, _recipe(data))
    return store.open_for(data)


def estimate(data: BrownianData, workers: int) -> dict[str, Any]:
    """Shapes, bytes on disk and seconds that `generate` would take, from a few sequences made and compressed in memory."""
    begun = time.perf_counter()
    sample = arrays(data, np.arange(min(data.n, 4 * store.CHUNK)))
    seconds = time.perf_counter() - begun
    scale = data.n / len(sample["frames"])
    return {
        "recipe": data.model_dump(mode="json"),
        "arrays": {name: f"{(data.n, *array.shape[1:])} {array.dtype}" for name, array in sample.items()},
        "bytes": int(scale * sum(len(zlib.compress(array.tobytes(), 1)) for array in sample.values())),
        "seconds": round(scale * seconds / workers, 1),
    }


def arrays(data: BrownianData, indices: np.ndarray[Any, Any]) -> store.Arrays:
    """Simulate and draw the sequences `indices`: every array of the dataset."""
    flights = brownian.simulate(data, indices)
    return {
        "frames": brownian.draw(data, flights.states),
        "keyframes": flights.keyframes,
        "split": flights.split,
        "states": flights.states,
    }


def _fill(data: BrownianData, path: Path, index: int) -> tuple[store.Shard, int, int]:
    """Make one shard. Returns it with this process's id and peak memory in bytes."""
    indices = np.arange(index * store.SHARD, min(data.n, (index + 1) * store.SHARD))
    return store.write_shard(path, index, arrays(data, indices)), os.getpid(), artifacts.peak_memory()


@contextmanager
def _signals(path: Path) -> Iterator[None]:
    """Let SIGTERM act as SIGINT does; either ends the work with one line."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; the finished shards of {path} are kept: run the same command again to continue") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _recipe(data: BrownianData) -> dict[str, Any]:
    """What decides the content of a dataset."""
    return data.model_dump(mode="json", exclude={"path"})


def _check(path: Path, recipe: dict[str, Any]) -> None:
    """Refuse to write into anything but a dataset of the same recipe.

    Raises:
        InputError: naming every key that differs.
    """
    there = store.attributes(path).get("recipe")
    if there is None:
        raise InputError(f"{path} is something else: give another --out, or --overwrite to replace it")
    if changes := differences(there, recipe):
        raise InputError(
            f"{path} was made with another recipe ({', '.join(changes)}): give another --out, or --overwrite to replace it"
        )
