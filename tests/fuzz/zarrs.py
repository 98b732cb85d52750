"""Datasets in Zarr to start from: made here, and elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from fuzz.bench import Bench, template
from fuzz.damage import apart

OWN, RUN = "own.zarr", "run"
SMALL = ("data.n=60", "pretrain.steps=2", "pretrain.validate_every=2", "train.steps=2", "train.validate_every=2")
SETTINGS = tuple(word for each in (*SMALL, "discovery.calibration=4") for word in ("--set", each))
SEARCH = ("--selector", "search", "--split", "all", "--limit", "4")
EXPECTED = "expected.json"
ZARR = """name: mine
data: {kind: zarr, path: DATA, frames: 35, height: 32, width: 32, channels: 1}
model: {codec: {kind: mlp, embedding: 8, hidden: [16]}, lstm: {layers: 1, units: 8}, latent: 4}
pretrain: {steps: 1, batch: 2, validate_every: 1}
train: {steps: 1, batch: 2, validate_every: 1}
"""


@template("datasets")
def _datasets(bench: Bench) -> None:
    """A dataset that was made here and weights that were trained on it, and what others made: sequences, episodes and replay
    buffers of Zarr 2 and 3, in chunks and in shards."""
    recipe = bench.folder / "recipe.yaml"
    shown = bench.keyin("recipes", "copy", "tiny/brownian", recipe)
    assert shown.code == 0, shown.err
    text = recipe.read_text().replace("artifacts/data/tiny-brownian.zarr", OWN)
    recipe.write_text(text)
    trained = bench.keyin("train", recipe, "--out", RUN, *SETTINGS, seconds=600)
    assert trained.code == 0, trained.err
    scored = bench.keyin("eval-f1", "--ckpt", RUN, "--data", OWN, *SEARCH, "--out", "out", "--json", seconds=600)
    assert scored.code == 0, scored.err
    (bench.folder / EXPECTED).write_text(json.dumps(rows(scored.out)))
    apart(lambda: _write(bench.folder))
    np.savez(bench.folder / "source.npz", frames=pictures(40)[None, ..., :1], state=np.arange(80.0).reshape(1, 40, 2))
    imported = bench.keyin("import", "source.npz", "--size", "32", "--signals", "state", "--out", "episodes.zarr", seconds=60)
    assert imported.code == 0, imported.err
    (bench.folder / "mine.yaml").write_text(ZARR)


def _write(folder: Path) -> None:
    for version in (2, 3):
        sequences(folder / f"sequences-{version}.zarr", version)
        buffer(folder / f"buffer-{version}.zarr", version)
    sequences(folder / "sequences-sharded.zarr", 3, {"shards": (8, 35, 32, 32, 1)})
    buffer(folder / "buffer-sharded.zarr", 3, {"shards": (20, 16, 16, 3)})


def rows(out: str) -> Any:
    """What `eval-f1 --json` says of each method, but for names of files."""
    told = json.loads(out)["rows"]
    return [{key: row[key] for key in ("method", "f1", "precision", "recall", "keyframes_per_sequence")} for row in told]


def pictures(count: int) -> Any:
    """A square that moves, (count,16,16,3) uint8."""
    drawn = np.full((count, 16, 16, 3), 9, np.uint8)
    for i in range(count):
        drawn[i, i % 12 : i % 12 + 4, (i // 3) % 12 : (i // 3) % 12 + 4] = 255
    return drawn


def sequences(path: Path, version: Any, more: dict[str, Any] | None = None) -> None:
    frames = np.random.default_rng(0).integers(0, 40, (12, 35, 32, 32, 1), dtype=np.uint8)
    group = zarr.create_group(path, zarr_format=version)
    group.create_array("frames", data=frames, chunks=(4, 35, 32, 32, 1), **(more or {}))
    group.create_array("keyframes", data=np.arange(12 * 35).reshape(12, 35) % 9 == 0)
    group.create_array("split", data=np.array([0] * 6 + [1] * 3 + [2] * 3, np.uint8))


def buffer(path: Path, version: Any, more: dict[str, Any] | None = None) -> None:
    group = zarr.create_group(path, zarr_format=version, attributes={"fps": 10})
    group.create_array("data/img", data=pictures(40), chunks=(10, 16, 16, 3), **(more or {}))
    group.create_array("data/state", data=np.arange(80.0).reshape(40, 2))
    group.create_array("data/keyframes", data=np.arange(40) % 7 == 3)
    group.create_array("meta/episode_ends", data=np.array([17, 40]))
