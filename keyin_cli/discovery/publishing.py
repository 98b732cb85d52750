"""Trained stages as they are published: weights in half precision, manifest and metrics.

What is published is not trained again, even where the run that it comes from is gone; stage 1 is then taken from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.model.weights import halve
from keyin_cli.progress import say
from keyin_cli.recipe import Recipe
from keyin_cli.training import loop
from keyin_cli.training.pipeline import train
from keyin_cli.training.spec import StageSpec, comparable

HALVED = "halved_from"  # key of a published manifest: the hash of the full weights


def train_and_publish(recipe: Recipe, stages: Sequence[StageSpec], run: Path, out: Path) -> dict[str, dict[str, Any]]:
    """Train stages in `run`, each after what it stands on, and publish them in `out`: their published manifests."""
    manifests = {}
    for stage in stages:
        done = published(stage, recipe, out)
        if done is None:
            if stage.foundation and not (below := run / stage.foundation.name).exists():
                storage.replace(below, partial(_copy, out / below.name))
            train(stage, recipe, run)
            done = publish(run / stage.name, out / stage.name)
        else:
            say(f"{out / stage.name}: already published")
        manifests[stage.name] = done
    return manifests


def _copy(folder: Path, beside: Path) -> None:
    shutil.copytree(folder, beside)


def published(stage: StageSpec, recipe: Recipe, out: Path) -> dict[str, Any] | None:
    """The manifest of a stage that is published in `out`; None when it is not there, or was trained otherwise.

    Raises:
        InputError: what is there is something else, or a run, whose full weights would be replaced by halved ones.
    """
    folder = out / stage.name
    storage.check_ours(folder, loop.KIND, stage=stage.name)
    if not (folder / storage.MANIFEST).is_file():
        return None
    manifest = storage.read_manifest(folder)
    if HALVED not in manifest:
        raise InputError(f"{folder} holds a run, it is left alone: give another --out")
    if comparable(manifest.get("part", {})) != stage.part(stage.variant(recipe)):
        return None
    if stage.foundation is None:
        return manifest
    below = published(stage.foundation, recipe, out)
    trained_on = manifest["inputs"].get(stage.foundation.name, {}).get("sha256")
    return manifest if below and trained_on in (below[HALVED], below["weights_sha256"]) else None


def publish(stage: Path, out: Path) -> dict[str, Any]:
    """Copy a finished stage's manifest and metrics, and its weights in half precision, whose hash the new manifest has."""
    manifest = storage.read_manifest(stage)
    new = manifest | {HALVED: manifest.get(HALVED, manifest["weights_sha256"])}

    def fill(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        shutil.copy(stage / storage.METRICS, folder / storage.METRICS)
        new["weights_sha256"] = halve(stage / storage.WEIGHTS, folder / storage.WEIGHTS)
        storage.write_json(folder / storage.MANIFEST, new)

    if (out / storage.MANIFEST).is_file():
        fill(out)
    else:
        storage.replace(out, fill)  # at once: a folder without a manifest would be nobody's
    return new
