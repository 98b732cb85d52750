"""Where things lie.

artifacts/data/<name>.zarr                     datasets
artifacts/runs/<recipe>/interpolator/          stage 1: manifest.json, metrics.jsonl, checkpoints/, weights.safetensors
artifacts/runs/<recipe>/keyin/                 stage 2: the same; its weights hold stage 1 too
artifacts/runs/<recipe>/<stage>/eval_f1/       Table 1 rows, per-sequence results and figures of each dataset and split
artifacts/runs/<recipe>/<baseline>/            a baseline: the same as stage 1
artifacts/runs/planning/<method>/              Table 2: episodes and pictures
artifacts/released/<name>/                     small weights, results and figures that are committed
artifacts/cache/                               decoded splits that do not fit into memory; may be deleted while nothing runs
.<name>.lock                                   beside what it locks (see locks.py); empty, may be deleted while nothing runs
"""

from __future__ import annotations

from pathlib import Path

WEIGHTS = "weights.safetensors"
SHIFTS = "shifts.json"  # of released weights: how far the keyframes of every row are moved before they are scored
MANIFEST = "manifest.json"
METRICS = "metrics.jsonl"
CHECKPOINTS = "checkpoints"
LATEST = "latest"


def runs(recipe_name: str) -> Path:
    """The directory of all runs of a recipe."""
    return Path("artifacts") / "runs" / recipe_name


def cache() -> Path:
    """The directory of what can be made again at any time."""
    return Path("artifacts") / "cache"


def from_here(path: Path) -> str:
    """A path as a manifest names it: from the working directory on when it lies below it, so that it is the same elsewhere."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def size(path: Path) -> int:
    """Bytes of a file or of everything below a directory."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size
