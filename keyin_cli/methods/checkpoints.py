"""Which weights `--ckpt` means."""

from __future__ import annotations

from pathlib import Path

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.storage import CHECKPOINTS, MANIFEST, WEIGHTS

STAGES = ("keyin", "interpolator", "surprise", "jumpy", "static", "soft-embeddings", "soft-pixels", "tap")


def find_weights(path: Path) -> Path:
    """The weights file that `--ckpt` means: a file, a stage's directory, a recipe's run directory or a released one.

    Raises:
        InputError: there is none; the line says how to make one.
    """
    if path.is_file():
        return path
    for candidate in (path / WEIGHTS, *(path / stage / WEIGHTS for stage in STAGES)):
        if candidate.is_file():
            return candidate
    if any((path / stage / CHECKPOINTS).is_dir() for stage in ("", *STAGES)):
        raise InputError(f"{path} holds an unfinished run: continue it with the command in its {MANIFEST}")
    raise InputError(f"no weights at {path}: train some with `keyin train recipes/brownian.yaml`")


def stage_weights(path: Path) -> list[Path]:
    """The weights files that `--ckpt` means: those of all stages in a run directory, else the one of `find_weights`."""
    return [path / stage / WEIGHTS for stage in STAGES if (path / stage / WEIGHTS).is_file()] or [find_weights(path)]


def evaluations(weights: Path, recipe_name: str) -> Path:
    """Where evaluations of a weights file go: beside it in a run; committed and foreign weights are left alone."""
    stage = weights.parent if weights.parent.name in STAGES else storage.runs(recipe_name)
    return stage / "eval_f1"
