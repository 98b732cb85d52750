"""Templates: what commands start from in the families of arguments and recipes."""

from __future__ import annotations

import numpy as np

from fuzz.bench import Bench, template

RECIPE, RUN, DATA, FOUND = "recipe.yaml", "artifacts/runs/r", "artifacts/data/d.zarr", "artifacts/find/s"
SMALL = """name: r
data: {kind: brownian, path: artifacts/data/d.zarr, n: 60}
model: {codec: {kind: mlp, embedding: 8, hidden: [8]}, lstm: {layers: 1, units: 8}, latent: 2}
pretrain: {steps: 2, batch: 4}
train: {objective: search, steps: 2, batch: 4}
surprise: {steps: 2, batch: 4}
discovery: {calibration: 8}
"""


@template("small")
def _small(bench: Bench) -> None:
    """A trained run of Brownian motion on 60 sequences, and keyframes that were found in a source of two episodes."""
    (bench.folder / RECIPE).write_text(SMALL)
    places = np.abs((np.arange(60) + 10) % 20 - 10)
    frames = np.zeros((60, 16, 16, 3), np.uint8)
    frames[np.arange(60), :, places] = 255
    np.savez(bench.folder / "s.npz", frames=frames, episode_ends=[35, 60], fps=10.0, state=places[:, None].astype(np.float32))
    for words in (
        ("train", RECIPE),
        ("eval-f1", "--ckpt", RUN, "--limit", "2", "--selector", "keyin"),
        ("import", "s.npz", "--size", "16", "--out", "artifacts/data/s.zarr"),
        ("find", "s.npz", "--minutes", "0.1", "--size", "16", "--out", FOUND, "--keyframes", "3"),
    ):
        made = bench.keyin(*words, seconds=120)
        assert made.code == 0, made.err
