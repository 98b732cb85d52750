"""Table 1 on one dataset: every selector's keyframes, scores, per-sequence results and pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import figures, machine, storage
from keyin_cli.datasets import loader
from keyin_cli.datasets.store import open_for
from keyin_cli.devices import describe, pick_device
from keyin_cli.discovery.f1 import TOLERANCES, matches, table_row
from keyin_cli.discovery.selector import Context, Frames, Selector, Times
from keyin_cli.discovery.selectors import SELECTORS, STAGE, RandomSelector
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints
from keyin_cli.model.weights import load_model, load_models, tensors_sha256

STRIPS, PANELS, CLIPS = 3, 6, 4  # sequences in each kind of picture


def evaluate(
    weights: Path,
    data: Path | None,
    split: str,
    methods: Sequence[str],
    limit: int | None,
    seed: int,
    overrides: Sequence[str],
    out: Path | None,
) -> dict[str, Any]:
    """Evaluate selectors on a dataset and write `eval_f1.json`, `sequences.jsonl` and the pictures.

    Prices and constants are chosen on the training split of the same dataset, without labels.

    Args:
        weights: what `find_weights` accepts.
        data: a dataset of the recipe's shape; the recipe's own by default.
        methods: names of `SELECTORS`; all that the weights allow by default.
        limit: use only the first sequences of the split.
        overrides: `discovery.*` keys of the recipe, `KEY=VALUE`.
        out: a directory; `eval_f1/<data>-<split>` beside a run's weights by default.

    Returns:
        The object that `eval-f1 --json` prints.

    Raises:
        InputError: the weights, the dataset and the methods do not fit together.
    """
    begun = time.monotonic()
    file = checkpoints.find_weights(weights)
    files = checkpoints.stage_weights(weights)
    recipe, models = load_model(file, overrides)[1], load_models(files, overrides)
    dataset, device, window = open_for(recipe.data, data), pick_device(recipe.device), recipe.window
    count = window.conditioning + window.predicted
    frames = loader.load_frames(dataset, split, count, limit)
    labels = loader.load_labels(dataset, split, window.conditioning, window.predicted, limit) if dataset.labelled else None
    calibration = cache(lambda: loader.load_frames(dataset, "train", count, recipe.discovery.calibration))
    context = Context({stage: model.to(device) for stage, model in models.items()}, recipe, device, calibration, seed)
    methods = list(methods) or [name for name in SELECTORS if STAGE.get(name) in (None, *models)]
    selectors = {method: _make(method, context) for method in methods}
    times = {method: selector.select(frames) for method, selector in selectors.items()}
    out = out or checkpoints.evaluations(file, recipe.name) / f"{dataset.path.stem}-{split}"
    pictures = [_draw(out, method, selector, frames, times[method], labels) for method, selector in selectors.items()]
    result = {
        "dataset": str(dataset.path),
        "split": split,
        "n": len(frames),
        "rows": [_row(method, selectors[method], frames, times[method], labels) for method in methods],
        "figures": [str(picture) for pictures_of_one in pictures for picture in pictures_of_one],
    }
    indices = dataset.indices(split)[:limit]
    storage.write_lines(out / "sequences.jsonl", [_sequence(row, int(i), times, labels) for row, i in enumerate(indices)])
    manifest = storage.provenance() | {
        "kind": "evaluation",
        "recipe": recipe.model_dump(mode="json"),
        "inputs": {
            **{
                stage: {"path": str(path), "sha256": tensors_sha256(dict(model.state_dict()))}
                for path, (stage, model) in zip(files, models.items(), strict=True)
            },
            "dataset": {"path": str(dataset.path), "sha256": dataset.sha256},
        },
        "seed": seed,
        "device": describe(device),
        "seconds": round(time.monotonic() - begun, 2),
        "peak_memory_bytes": machine.peak_memory(),
    }
    storage.write_json(out / storage.MANIFEST, manifest)
    storage.write_json(out / "eval_f1.json", result)
    return result


def _make(method: str, context: Context) -> Selector:
    if method not in SELECTORS:
        raise InputError(f"no selector {method}: there are {', '.join(SELECTORS)}")
    return SELECTORS[method](context)


def _row(method: str, selector: Selector, frames: Frames, times: Times, labels: Times | None) -> dict[str, Any]:
    row = table_row(method, times, labels) | {"settings": selector.settings}
    if isinstance(selector, RandomSelector) and labels is not None:
        row["expected_f1"] = selector.expected_f1(frames, labels)
    return row


def _sequence(row: int, index: int, times: dict[str, Times], labels: Times | None) -> dict[str, Any]:
    """One line of `sequences.jsonl`: the times 1…N of every method's keyframes, and its matches with the true ones."""
    named = {method: each[row : row + 1] for method, each in times.items()}
    line: dict[str, Any] = {"sequence": index, "keyframes": {method: _times(each) for method, each in named.items()}}
    if labels is not None:
        true = labels[row : row + 1]
        line["true"] = _times(true)
        line["matched"] = {method: {str(t): int(matches(each, true, t)[0]) for t in TOLERANCES} for method, each in named.items()}
    return line


def _times(row: Times) -> list[int]:
    return [int(time) + 1 for time in np.flatnonzero(row[0])]


def _draw(out: Path, method: str, selector: Selector, frames: Frames, named: Times, labels: Times | None) -> list[Path]:
    """The pictures of one method: the first sequences of the split, unchosen."""
    shown = frames[: max(STRIPS, PANELS, CLIPS)]
    predicted = selector.predict(shown)
    truth = shown[:, -predicted.shape[1] :]
    true = [None] * len(shown) if labels is None else list(labels[: len(shown)])
    examples = [figures.Example(*each) for each in zip(truth, predicted, true, named[: len(shown)], strict=True)]
    paths = [out / f"{method}-{name}" for name in ("strip.png", "trajectories.png", "video.gif")]
    figures.frame_strip(paths[0], examples[:STRIPS], method)
    figures.trajectories(paths[1], examples[:PANELS], method)
    figures.animation(paths[2], examples[:CLIPS])
    return paths
