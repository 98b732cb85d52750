"""What the objective `search` learns from: the offsets that exact search over the frozen interpolator finds. No label is used."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from keyin_cli import storage
from keyin_cli.model.keyin import Foundation
from keyin_cli.model.search import cheapest_chain, segment_costs, shifted
from keyin_cli.progress import track
from keyin_cli.recipe import Window

PIECE = 1000  # sequences per file
BATCH = 16  # sequences searched at once: more would not fit into the cache


def search_offsets(
    foundation: Foundation,
    frames: NDArray[np.uint8],
    window: Window,
    price: float,
    shift: int,
    device: torch.device,
    folder: Path,
) -> NDArray[np.int64]:
    """Offsets (n,M) of the cheapest chains of sequences (n,T+N,H,W,C), as `losses.offset_error` reads them.

    Keyframes are those of the chain moved by `shift` frames.

    They are written to `folder` piece by piece, and what is there is not searched again.
    """
    files = [folder / f"{index:06d}.safetensors" for index in range(-(-len(frames) // PIECE))]
    if not all(file.is_file() for file in files):
        with storage.locked(folder), track(f"searching {folder.name}", len(frames)) as advance:
            for file, begin in zip(files, range(0, len(frames), PIECE), strict=True):
                piece = frames[begin : begin + PIECE, window.conditioning - 1 :]
                if not file.is_file():  # an earlier command may have made it, or one that this one waited for
                    costs = [segment_costs(foundation, piece[i : i + BATCH], device) for i in range(0, len(piece), BATCH)]
                    found = cheapest_chain(np.concatenate(costs), price)
                    offsets = to_offsets(shifted(found, shift), window)
                    storage.replace(file, partial(save_file, {"offsets": offsets}))
                advance(len(piece))
    return np.concatenate([load_file(file)["offsets"] for file in files])


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
