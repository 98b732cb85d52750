"""What exact search over the frozen interpolator says of training sequences: the costs of all segments, and the offsets of the
cheapest chains. No label is used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.interrupts import interruptible
from keyin_cli.model.keyin import Foundation
from keyin_cli.model.search import Costs, segment_costs
from keyin_cli.parallel import backend, spread
from keyin_cli.progress import track
from keyin_cli.recipe import Window

PIECE = 500  # sequences per file
BATCH = 16  # sequences searched at once: more would not fit into the cache


def sequence_costs(
    foundation: Foundation, frames: NDArray[np.uint8], count: int, folder: Path, workers: int, dask: str | None = None
) -> Costs:
    """Nats (count,N+1,S) of all segments of the first sequences of (n,N+1,H,W,C), which begin with K^0; see
    `model.search.segment_costs`.

    They are written to `folder` in pieces of `PIECE` sequences, whatever the count, and what is there is not computed again. On
    a CPU the pieces are spread over `workers` processes, or over the Dask cluster at the address `dask`.

    Raises:
        InputError: there is no such cluster, or what was searched before is damaged.
        Interrupted: SIGINT or SIGTERM came; finished pieces are kept.
    """
    files = [folder / f"{index:06d}.safetensors" for index in range(-(-count // PIECE))]
    if any(not file.is_file() for file in files):
        kept = "stopped; what was searched is kept: run the same command again to continue"
        with storage.locked(folder), interruptible(kept), track(f"searching {folder.name}", len(files) * PIECE) as advance:
            missing = [index for index, file in enumerate(files) if not file.is_file()]  # another command may have made some
            pieces = [frames[index * PIECE : (index + 1) * PIECE] for index in missing]
            advance((len(files) - len(missing)) * PIECE)
            for index, costs in zip(missing, _all_costs(foundation, pieces, workers, dask), strict=True):
                _write(files[index], costs)
                advance(PIECE)
    shape = (frames.shape[1], foundation.interpolator.max_offset)
    parts = [_read(file, (min(PIECE, len(frames) - PIECE * index), *shape)) for index, file in enumerate(files)]
    return np.concatenate(parts)[:count]


def _write(path: Path, costs: Costs) -> None:
    save = partial(save_file, {"costs": costs}, metadata={"sha256": _sha256(costs)})
    storage.replace(path, storage.usual_mode(save))


def _read(path: Path, shape: tuple[int, ...]) -> Costs:
    """A piece of costs, of which those of segments that end within the sequence are finite, and no others.

    Raises:
        InputError: it is something else, or damaged.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            found = file.get_slice("costs")
            if (found.get_dtype(), tuple(found.get_shape())) != ("F32", shape):
                raise ValueError(f"expected {shape}")
            costs: Costs = file.get_tensor("costs")
            recorded = (file.metadata() or {}).get("sha256")  # files from before it have none
        ends = np.add.outer(np.arange(shape[1]), np.arange(shape[2]) + 1)
        if not (np.isfinite(costs) == (ends < shape[1])).all() or recorded not in (None, _sha256(costs)):
            raise ValueError("values")
    except (SafetensorError, OSError, ValueError) as error:
        reason = shown(" ".join(str(error).split()))[:100]
        raise InputError(f"{shown(path)} is damaged ({reason}): delete it to have it searched again") from None
    return costs


def _sha256(costs: Costs) -> str:
    return hashlib.sha256(costs.tobytes()).hexdigest()


def _all_costs(foundation: Foundation, pieces: list[NDArray[np.uint8]], workers: int, dask: str | None) -> Iterator[Costs]:
    device = next(foundation.parameters()).device
    work = partial(_costs, foundation, device)
    if device.type != "cpu" or len(pieces) == 1:
        yield from map(work, pieces)
        return
    with backend(workers, dask):
        yield from spread(work, pieces)


def _costs(foundation: Foundation, device: torch.device, frames: NDArray[np.uint8]) -> Costs:
    return np.concatenate([segment_costs(foundation, frames[i : i + BATCH], device) for i in range(0, len(frames), BATCH)])


def to_offsets(keyframes: NDArray[np.bool_], window: Window) -> NDArray[np.int64]:
    """Keyframes (n,N) -> offsets (n,M): i to the next keyframe, then -r when none is among the r frames left, then 0."""
    offsets = np.zeros((len(keyframes), window.keyframes), dtype=np.int64)
    for row, times in enumerate(keyframes):
        nodes = np.concatenate([[0], np.flatnonzero(times) + 1])[: window.keyframes + 1]
        known = np.diff(nodes)
        offsets[row, : len(known)] = known
        if len(known) < window.keyframes:
            offsets[row, len(known)] = nodes[-1] - window.predicted
    return offsets
