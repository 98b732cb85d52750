"""Table 1 of a recipe: trains what is missing, evaluates every row on the test split, and KeyIn for several training seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import artifacts
from keyin_cli.data import loader
from keyin_cli.data.store import open_for
from keyin_cli.discovery.evaluate import evaluate
from keyin_cli.discovery.quality import quality
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.model.weights import load_models
from keyin_cli.progress import say
from keyin_cli.recipe import Recipe, check
from keyin_cli.training.engine import pick_device
from keyin_cli.training.stages import train

TRAINED = ("keyin", "surprise", "jumpy", "static")
SAMPLED = ("keyin", "jumpy", "surprise")
TABLE = "table.json"


def table(recipe: Recipe, seeds: int, sequences: int, samples: int) -> dict[str, Any]:
    """Train, evaluate and write `<run>/table.json`.

    Args:
        seeds: how many training seeds of KeyIn, from the recipe's own on; the first is that of all other rows.
        sequences: test sequences whose predictions are compared.
        samples: samples from the prior for each of them.

    Returns:
        `rows` as of `eval-f1`, each with the `seconds` of its training and `keyin` with `seeds`; `quality`, see `quality.py`.
    """
    run = artifacts.runs(recipe.name)
    seconds = {stage: train(stage, recipe, run)["seconds"] for stage in ("interpolator", *TRAINED)}
    result = evaluate(run, None, "test", [], None, recipe.seed, [], None)
    keyin = [row for row in result["rows"] if row["method"] == "keyin"]
    for seed in range(recipe.seed + 1, recipe.seed + seeds):
        again = artifacts.runs(f"{recipe.name}-seed{seed}")
        train("keyin", check(recipe.model_dump(mode="json"), [f"seed={seed}"]), again)
        keyin += evaluate(again, None, "test", ["keyin"], None, seed, [], None)["rows"]
    for row in result["rows"]:
        if row["method"] in ("keyin", "keyin+refine", *TRAINED):
            row["seconds"] = seconds["interpolator"] + seconds[row["method"].split("+")[0]]
    scores = [row["f1"]["0"] for row in keyin]
    next(row for row in result["rows"] if row["method"] == "keyin")["seeds"] = {
        "f1": scores,
        "mean": float(np.mean(scores)),
        "std": float(np.std(scores)),
    }
    result["quality"] = _quality(recipe, run, sequences, samples)
    artifacts.write_json(run / TABLE, result)
    say(f"{run / TABLE} written")
    return result


def _quality(recipe: Recipe, run: Path, sequences: int, samples: int) -> list[dict[str, Any]]:
    device = pick_device(recipe.device)
    count = recipe.window.conditioning + recipe.window.predicted
    frames = loader.load_frames(open_for(recipe.data), "test", count, sequences)
    models = load_models(run / stage / artifacts.WEIGHTS for stage in SAMPLED)
    rows = []
    for stage in SAMPLED:
        model = models[stage].to(device)
        assert isinstance(model, (KeyIn, Svg))
        rows.append(quality(stage, model, frames, samples, device, recipe.seed))
    return rows
