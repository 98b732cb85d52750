"""Table 1 on one dataset: every selector's keyframes, scores, per-sequence results and pictures."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import figures, machine, storage
from keyin_cli.datasets import loader
from keyin_cli.datasets.opening import open_for
from keyin_cli.devices import describe, pick_device
from keyin_cli.discovery.alignment import Shift, choose_shifts, select
from keyin_cli.discovery.f1 import TOLERANCES, matches, table_row, without_last
from keyin_cli.discovery.selector import Frames, Select, Selector, Sources, Times, Told
from keyin_cli.model.search import shifted
from keyin_cli.model.trained import Checkpoint
from keyin_cli.progress import say

KIND = "evaluation"
RESULT, SEQUENCES = "eval_f1.json", "sequences.jsonl"
PICTURES = ("strip.png", "trajectories.png", "video.gif")  # of every row
STRIPS, PANELS, CLIPS = 3, 6, 4  # sequences in each kind of picture


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated on what.

    `data`: a dataset of the recipe's shape, the recipe's own when None. `limit`: only the first sequences of the split.
    `seed`: of selectors that sample.
    """

    data: Path | None = None
    split: str = "test"
    limit: int | None = None
    seed: int = 0


def evaluate(
    selectors: Mapping[str, Select], checkpoint: Checkpoint, what: Evaluation, out: Path | None, runs: Path
) -> dict[str, Any]:
    """Evaluate selectors on a dataset and write `eval_f1.json`, `sequences.jsonl` and the pictures.

    Prices and constants are chosen on the training split of the same dataset, without labels.

    Args:
        selectors: by row, in order.
        out: a directory; `<data>-<split>` below `runs` by default.

    Returns:
        The object that `eval-f1 --json` prints.

    Raises:
        InputError: the weights, the dataset and the selectors do not fit together, or `out` holds something else.
    """
    begun, recipe = time.monotonic(), checkpoint.recipe
    dataset, device, window = open_for(recipe.data, what.data), pick_device(recipe.device), recipe.window
    frames = loader.load_frames(dataset, what.split, window.frames, what.limit)
    labels = None
    if dataset.labelled:
        labels = loader.load_labels(dataset, what.split, window.conditioning, window.predicted, what.limit)
    calibration = cache(lambda: loader.load_frames(dataset, "train", window.frames, recipe.discovery.calibration))
    sources = Sources(checkpoint.to(device).models, recipe, device, calibration, what.seed)
    made = {row: make(sources) for row, make in selectors.items()}
    if labels is None and len(made) > 1:
        for row in [row for row, selector in made.items() if isinstance(selector, Told)]:
            say(f"{row} is left out: it is told the true number of keyframes, and {dataset.path} has no labels")
            del made[row]
    out = out or runs / f"{dataset.path.stem}-{what.split}"
    names = [RESULT, SEQUENCES, *(f"{row}-{name}" for row in made for name in PICTURES)]
    storage.check_free(out, KIND, names)
    manifest = storage.provenance() | {
        "kind": KIND,
        "recipe": recipe.model_dump(mode="json"),
        "inputs": {**checkpoint.inputs(), "dataset": {"path": str(dataset.path), "sha256": dataset.sha256}},
        "seed": what.seed,
        "device": describe(device),
    }
    with storage.locked(out):
        storage.check_free(out, KIND, names)
        if not (out / storage.MANIFEST).is_file():
            storage.write_json(out / storage.MANIFEST, manifest)  # before all else: it says whose directory this is
        times = {row: select(selector, frames, labels) for row, selector in made.items()}
        shifts = {} if labels is None else choose_shifts(made, checkpoint, dataset)
        drawn = []
        if not recipe.data.frame.signals:  # frames with signals are no images, `keyin report` shows them
            drawn = [_draw(out, row, selector, frames, times[row], labels) for row, selector in made.items()]
        result = {
            "dataset": str(dataset.path),
            "split": what.split,
            "n": len(frames),
            "rows": [_row(row, selector, frames, times[row], labels, shifts.get(row)) for row, selector in made.items()],
            "figures": [str(picture) for pictures in drawn for picture in pictures],
        }
        indices = dataset.indices(what.split)[: what.limit]
        lines = [_sequence(place, int(index), times, labels) for place, index in enumerate(indices)]
        storage.write_lines(out / SEQUENCES, lines)
        measured = {"seconds": round(time.monotonic() - begun, 2), "peak_memory_bytes": machine.peak_memory()}
        storage.write_json(out / storage.MANIFEST, manifest | measured)
        storage.write_json(out / RESULT, result)
    return result


def _row(row: str, selector: Selector, frames: Frames, times: Times, labels: Times | None, shift: Shift | None) -> dict[str, Any]:
    """A row of Table 1, as it is and `aligned`."""
    scores = table_row(row, times, labels) | {"aligned": None, "settings": selector.settings}
    if labels is not None and shift is not None:
        moved = table_row(row, shifted(times, shift.frames), labels)
        scores["aligned"] = {"shift": shift.frames, "f1": moved["f1"], "ci95": moved["ci95"], "chosen_on": shift.chosen_on}
    if isinstance(selector, Told):
        scores["told"] = "the true number of keyframes"
    expected = getattr(selector, "expected_f1", None)
    if expected is not None and labels is not None:
        scores["expected_f1"] = expected(frames, labels)
    return scores


def _sequence(place: int, index: int, times: dict[str, Times], labels: Times | None) -> dict[str, Any]:
    """One line of `sequences.jsonl`: the times 1…N of every row's keyframes, and its matches with the true ones."""
    selected = {row: each[place : place + 1] for row, each in times.items()}
    line: dict[str, Any] = {"sequence": index, "keyframes": {row: _times(each) for row, each in selected.items()}}
    if labels is not None:
        true = labels[place : place + 1]
        line["true"] = _times(true)
        scored = {row: without_last(each) for row, each in selected.items()}
        line["matched"] = {row: {str(t): int(matches(each, true, t)[0]) for t in TOLERANCES} for row, each in scored.items()}
    return line


def _times(row: Times) -> list[int]:
    return [int(time) + 1 for time in np.flatnonzero(row[0])]


def _draw(out: Path, row: str, selector: Selector, frames: Frames, selected: Times, labels: Times | None) -> list[Path]:
    """The pictures of one row: the first sequences of the split, unchosen."""
    shown = frames[: max(STRIPS, PANELS, CLIPS)]
    predicted = selector.predict(shown, selected[: len(shown)])
    truth = shown[:, -predicted.shape[1] :]
    true = [None] * len(shown) if labels is None else list(labels[: len(shown)])
    examples = [figures.Example(*each) for each in zip(truth, predicted, true, selected[: len(shown)], strict=True)]
    paths = [out / f"{row}-{name}" for name in PICTURES]
    figures.frame_strip(paths[0], examples[:STRIPS], row)
    figures.trajectories(paths[1], examples[:PANELS], row)
    figures.animation(paths[2], examples[:CLIPS])
    return paths
