"""Are the keyframes that the search finds the last frames of an old motion, or the first of a new one? No label is used.

    python studies/alignment.py --ckpt artifacts/released/pushing --out artifacts/released/pushing/alignment.json

A small network learns to predict the embedding of a frame from the three before it, on training sequences. Where a motion ends,
it errs at the first frame of the next one. The study compares its error at the frames that the search finds with that at the
frames after them, on further training sequences. If it errs more at the found frames themselves, they show the new motion
already, and keyframes are moved one frame earlier (`discovery.shift: -1` in a recipe).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli import storage
from keyin_cli.datasets import loader
from keyin_cli.datasets.store import open_for
from keyin_cli.devices import describe, pick_device
from keyin_cli.discovery.selector import Sources
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints
from keyin_cli.model.layers import mlp
from keyin_cli.model.search import cheapest_chain
from keyin_cli.progress import say, speak
from keyin_cli.training.engine import seeded
from keyin_cli.training.objectives.common import encode_sequences

PAST = 3  # frames that a prediction is made from
STEPS, BATCH, RATE, HIDDEN = 1500, 256, 1e-3, 256


def study(ckpt: Path, n: int, seed: int) -> dict[str, Any]:
    """Mean error of prediction, squared and summed over a standardised embedding, by place relative to the found keyframes.

    Args:
        ckpt: what `checkpoints.find_all_weights` accepts, with stage 1.
        n: training sequences that are searched, those after the ones that the network learns from, which are 15 times as many.

    Raises:
        InputError: there is no stage 1, or there are too few training sequences.
    """
    device, checkpoint = pick_device("auto"), checkpoints.load(ckpt)
    recipe, models = checkpoint.recipe, checkpoint.to(device).models
    frames = loader.load_frames(open_for(recipe.data), "train", recipe.window.frames, 16 * n)
    if len(frames) < 16 * n:
        raise InputError(f"{len(frames)} training sequences are too few for --n {n}: give at most {len(frames) // 16}")
    sources = Sources(models, recipe, device, lambda: frames[: recipe.discovery.calibration], seed)
    found = cheapest_chain(sources.costs(frames[-n:]), sources.price)
    embeddings = encode_sequences(sources.foundation.encoder, frames, device, "encoding")
    errors = surprises(embeddings[:-n], embeddings[-n:], seed)[:, recipe.window.conditioning :]
    counts = {"n": n, "price": sources.price, "keyframes": int(found.sum())}
    return {"recipe": recipe.name, "shift": recipe.discovery.shift, **counts, "errors": around(errors, found)}


def surprises(training: Tensor, tested: Tensor, seed: int) -> NDArray[np.float32]:
    """Errors (n,L) of predicting the frames of embedded sequences (n,L,E) after PAST frames, NaN before."""
    mean, deviation = training.flatten(0, 1).mean(0), training.flatten(0, 1).std(0).clamp_min(1e-3)
    size = training.shape[-1]
    network = seeded(seed, lambda: mlp([PAST * size, HIDDEN, HIDDEN, size]))
    optimizer, rng = torch.optim.Adam(network.parameters()), np.random.default_rng(seed)
    past, future = (each.flatten(0, 1) for each in windows((training - mean) / deviation))
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        chosen = torch.from_numpy(rng.integers(0, len(past), BATCH))
        loss = (network(past[chosen]) - future[chosen]).square().sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    errors = np.full(tested.shape[:2], np.nan, dtype=np.float32)
    with torch.no_grad():
        past, future = windows((tested - mean) / deviation)
        errors[:, PAST:] = (network(past) - future).square().sum(-1).numpy()
    return errors


def windows(embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """(n,L,E) -> the PAST frames before each (n,L-PAST,PAST·E), and each (n,L-PAST,E)."""
    length = embeddings.shape[1]
    past = [embeddings[:, first : length - PAST + first] for first in range(PAST)]
    return torch.cat(past, dim=-1), embeddings[:, PAST:]


def around(errors: NDArray[np.float32], found: NDArray[np.bool_]) -> dict[str, float]:
    """Mean of errors (n,N) two frames before keyframes (n,N) to two frames after them, and of all."""
    length = errors.shape[1]
    means = {"all": float(np.nanmean(errors))}
    for by in range(-2, 3):
        shifted = errors[:, max(0, by) : length + min(0, by)]
        marked = found[:, max(0, -by) : length - max(0, by)]
        means[f"{by:+d}" if by else "0"] = float(np.nanmean(shifted[marked]))
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ckpt", type=Path, required=True, help="a run directory or a released directory with stage 1")
    parser.add_argument("--out", type=Path, required=True, help="a file for the result, JSON")
    parser.add_argument("--n", type=int, default=200, help="training sequences that are searched (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the network's weights and batches (default: %(default)s)")
    given = parser.parse_args()
    speak()
    if given.n < 1:
        parser.error("--n: at least one sequence")
    try:
        result = study(given.ckpt, given.n, given.seed)
    except InputError as error:
        say(f"alignment: {error}")
        raise SystemExit(2) from None
    for place, mean in result["errors"].items():
        print(f"{place:>4s}  {mean:6.2f}")
    errors = result["errors"]
    print(f"what the search finds shows the {'new' if errors['0'] > errors['+1'] else 'old'} motion")
    provenance = {**storage.provenance(), "command": " ".join(["python", "studies/alignment.py", *sys.argv[1:]])}
    storage.write_json(given.out, result | {"seed": given.seed, "device": describe(pick_device("auto")), **provenance})


if __name__ == "__main__":
    main()
