"""Table 1 of a recipe: trains what is missing, judges the weights in the precision in which they are released, writes it all."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import figures, storage
from keyin_cli.datasets import loader
from keyin_cli.datasets.statistics import is_pushing
from keyin_cli.datasets.store import open_for
from keyin_cli.devices import pick_device
from keyin_cli.discovery import paths
from keyin_cli.discovery.evaluate import STRIPS, evaluate
from keyin_cli.discovery.quality import quality
from keyin_cli.discovery.reconstructions import compare
from keyin_cli.discovery.selector import Frames
from keyin_cli.discovery.selectors import STAGE
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.model.weights import halve, load_models
from keyin_cli.recipe import Recipe, check
from keyin_cli.training.pipeline import train

SAMPLED = ("keyin", "surprise", "jumpy")  # those that predict frames of their own
COMPARED = ("keyin", "jumpy", "surprise")  # from top to bottom
UNTRAINED = ("constant", "random")
TABLE = "table.json"


def table(recipe: Recipe, baselines: Sequence[str], seeds: int, sequences: int, samples: int, out: Path | None) -> dict[str, Any]:
    """Train, publish and evaluate; what is finished is not done again, but for the evaluation.

    Args:
        baselines: those that are trained beside KeyIn: `surprise`, `jumpy`, `static`.
        seeds: how many training seeds of the keyframe model, from the recipe's own on, all on one stage 1; the first is that of
            all other rows.
        sequences: test sequences whose predictions are compared.
        samples: samples from the prior for each of them.
        out: where weights, results and pictures go; by default `table` in the run directory.

    Returns:
        What `eval-f1` prints, rows also with the `seconds` of their training and that of `keyin` with `seeds`; and `quality`.
        The figures also compare reconstructions and show how the stages were trained; of the pushing world also `paths`, see
        `paths.compare`, and their picture.
    """
    run = storage.runs(recipe.name)
    out = out or run / "table"
    stages = ("interpolator", "keyin", *baselines)
    manifests = {stage: train(stage, recipe, run) for stage in stages}
    seconds = {stage: manifest["seconds"] + manifest.get("preparation_seconds", 0.0) for stage, manifest in manifests.items()}
    for stage in stages:
        publish(run / stage, out / stage)
    result = evaluate(out, None, "test", [], None, recipe.seed, [], out)
    rows = {row["method"]: row for row in result["rows"]}
    for method, row in rows.items():
        stage = STAGE.get(method, "interpolator")
        if method not in UNTRAINED:
            row["seconds"] = round(seconds["interpolator"] + (seconds[stage] if method in STAGE else 0), 1)
    scores = [rows["keyin"]["f1"]["0"], *(_f1_of_seed(recipe, recipe.seed + more) for more in range(1, seeds))]
    rows["keyin"]["seeds"] = {"f1": scores, "mean": float(np.mean(scores)), "std": float(np.std(scores))}
    device, frames, models = pick_device(recipe.device), _frames(recipe, sequences), _predicting(stages, out)
    for model in models.values():
        model.to(device)
    result["quality"] = [quality(stage, model, frames, samples, device, recipe.seed) for stage, model in models.items()]
    pictures = out / "comparison.png", out / "curves.png"
    compared, shown = {stage: models[stage] for stage in COMPARED if stage in models}, frames[:STRIPS]
    compare(pictures[0], compared, shown, storage.read_lines(out / "sequences.jsonl")[: len(shown)], device)
    figures.curves(pictures[1], {stage: storage.read_lines(out / stage / storage.METRICS) for stage in stages})
    result["figures"] += [str(picture) for picture in pictures]
    dataset = open_for(recipe.data)
    if is_pushing(dataset):
        result["paths"] = paths.compare(out / "paths.png", models, dataset, device, recipe.seed)
        result["figures"].append(str(out / "paths.png"))
    storage.write_json(out / TABLE, result)
    return result


def publish(stage: Path, out: Path) -> None:
    """Copy a finished stage's manifest and metrics, and its weights in half precision, whose hash the new manifest has."""
    manifest = storage.read_manifest(stage)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(stage / storage.METRICS, out / storage.METRICS)
    sha256 = halve(stage / storage.WEIGHTS, out / storage.WEIGHTS)
    storage.write_json(out / storage.MANIFEST, manifest | {"weights_sha256": sha256, "halved_from": manifest["weights_sha256"]})


def _f1_of_seed(recipe: Recipe, seed: int) -> float:
    """Train the keyframe model with another seed on the same stage 1: its F1."""
    run = storage.runs(f"{recipe.name}-seed{seed}")
    foundation = recipe, storage.runs(recipe.name)
    train("keyin", check(recipe.model_dump(mode="json"), [f"seed={seed}"]), run, foundation=foundation)
    result = evaluate(run, None, "test", ["keyin"], None, seed, [], None)
    return float(result["rows"][0]["f1"]["0"])


def _frames(recipe: Recipe, sequences: int) -> Frames:
    """The first sequences of the test split."""
    count = recipe.window.conditioning + recipe.window.predicted
    return loader.load_frames(open_for(recipe.data), "test", count, sequences)


def _predicting(stages: Sequence[str], out: Path) -> dict[str, KeyIn | Svg]:
    """The published models that predict frames of their own."""
    models = load_models(out / stage / storage.WEIGHTS for stage in SAMPLED if stage in stages)
    return {stage: model for stage, model in models.items() if isinstance(model, (KeyIn, Svg))}
