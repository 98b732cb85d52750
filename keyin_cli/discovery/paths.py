"""Where sampled futures of the pushing world take the puck (Fig. 6, right): around which end of the wall, or through it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from keyin_cli import figures
from keyin_cli.datasets import loader
from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.counts import sides
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, clearance
from keyin_cli.datasets.sequences import Sequences
from keyin_cli.figures.pushing import PATHS, demonstrated
from keyin_cli.model.encoder import to_images
from keyin_cli.model.predictor import Predictor
from keyin_cli.progress import track

SEQUENCES, SAMPLES = 100, 10  # test sequences that are continued, and how often each
BATCH = 10  # sequences at once

Array = NDArray[np.floating[Any]]


def compare(
    path: Path, models: Mapping[str, Predictor], dataset: Sequences, device: torch.device, seed: int
) -> list[dict[str, Any]]:
    """Continue the conditioning frames of test sequences with latents from the prior, and draw 100 futures of the first.

    Args:
        path: of the picture.
        models: by method; the first is drawn beside the demonstrations.

    Returns:
        A row for the `demonstrations` and for each method, see `row`.
    """
    chosen = dataset.indices("test")[:SEQUENCES]
    (first, wall), states = _beginning(dataset, models, chosen), dataset.read("states", chosen).astype(np.float64)
    rows = [row("demonstrations", states[..., :2], wall)]
    for method, model in models.items():
        pucks = futures(method, model, first.repeat(SAMPLES, axis=0), device, seed)
        rows.append(row(method, pucks, wall.repeat(SAMPLES, axis=0)))
    true = demonstrated(dataset, chosen[:1])
    method, model = next(iter(models.items()))
    drawn = futures(method, model, first[:1].repeat(PATHS, axis=0), device, seed)
    title = f"{PATHS} samples of {method}"
    figures.puck_paths(path, [true, figures.Paths(title, drawn, drawn[:0, -1], true.start, true.wall)])
    return rows


def row(method: str, pucks: Array, wall: Array) -> dict[str, Any]:
    """Shares of paths (n,T,2), NaN where no puck is seen, with walls centred at (n,2).

    Returns:
        `left` and `right`, of paths that go around that end of the wall; `inside_wall`, of puck centres in the wall itself, and
        `overlapping_wall`, of pucks that overlap it by more than a fifth of their radius; `unseen`, of frames without a puck.
    """
    seen = ~np.isnan(pucks).any(axis=-1)
    gap = clearance(pucks, wall[:, None])[seen]
    shares = {"inside_wall": gap < -PUCK_RADIUS, "overlapping_wall": gap < -PUCK_RADIUS / 5, "unseen": ~seen}
    return {
        "method": method,
        "n": len(pucks),
        **sides(pucks, wall),
        **{name: float(share.mean()) for name, share in shares.items()},
    }


def futures(method: str, model: Predictor, conditioning: NDArray[np.uint8], device: torch.device, seed: int) -> Array:
    """Puck centres of sampled continuations of (n,T,H,W,3), from the last conditioning frame on: (n,1+N,2) in table units."""
    rng, pieces = loader.step_rng(seed, 0), []
    with track(f"sampling paths of {method}", len(conditioning)) as advance:
        for begin in range(0, len(conditioning), BATCH):
            images = to_images(conditioning[begin : begin + BATCH], device)
            drawn = torch.cat([images[:, -1:], model.sample(images, rng)], dim=1)
            pieces.append(segment.unproject(segment.puck_centre(255 * drawn.cpu().numpy()), drawn.shape[2]))
            advance(len(images))
    return np.concatenate(pieces)


def _beginning(dataset: Sequences, models: Mapping[str, Predictor], chosen: NDArray[np.int64]) -> tuple[NDArray[np.uint8], Array]:
    """Conditioning frames (n,T,H,W,3) of sequences and their walls (n,2)."""
    count = next(iter(models.values())).recipe.window.conditioning
    return dataset.read("frames", chosen, count), dataset.read("wall", chosen).astype(np.float64)
