"""Pages of `keyin eval-f1` and `keyin table`: rows of Table 1, sequences with every method's keyframes, pictures, training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import storage
from keyin_cli.datasets.episodes.windows import Windows
from keyin_cli.datasets.opening import open_for
from keyin_cli.errors import InputError, shown
from keyin_cli.recipe import Recipe, check
from keyin_cli.report import scores
from keyin_cli.report.dataset import RATE, Span, chosen, left_out, sequence_view
from keyin_cli.report.page import Editing, EpisodeView, Page, Table
from keyin_cli.report.run import charts, stages

RESULT, TABLE, SEQUENCES = "eval_f1.json", "table.json", "sequences.jsonl"
UNDRAWN = ("curves.png",)  # pictures of what the page draws itself


def page(path: Path, span: Span | None = None, data: Path | None = None) -> Page:
    """The page of an output directory of `eval-f1` or `table`.

    Args:
        data: the dataset that was evaluated; None takes the one that the result names. Where that is not there the page says so
            and shows no sequences.

    Raises:
        InputError: files are damaged or do not fit together.
        KeyError, TypeError, ValueError: the same.
    """
    table = (path / TABLE).is_file()
    result, manifest = storage.read_json(path / (TABLE if table else RESULT)), storage.read_manifest(path)
    lines, rows = storage.read_lines(path / SEQUENCES), result["rows"]
    episodes, told, editing = _sequences(path, result, check(manifest["recipe"]), lines, span, data)
    tables: list[Table] = [scores.methods(rows)]
    if table:
        tables.append(scores.quality(result["quality"]))
    if "paths" in result:
        tables.append(scores.paths(result["paths"]))
    trained = stages(path) if table else {}
    names = [Path(name).name for name in result["figures"]]
    windows = isinstance(editing, str)
    return Page(
        kind="table" if table else "evaluation",
        title=shown(f"{Path(result['dataset']).stem}, {result['split']} split"),
        about=f"{int(result['n']):,} sequences, {len(rows)} methods.",
        facts={"dataset": shown(result["dataset"]), "split": shown(result["split"]), "sequences": f"{int(result['n']):,}"},
        episodes=episodes,
        fps=RATE,
        left_out=told,
        editing=None if isinstance(editing, str) else editing,
        locked=editing if isinstance(editing, str) and windows else "",
        compared=shown(rows[0]["method"]),
        tables=tables,
        charts=charts(trained),
        pictures=inside(path, [path / name for name in names if name.endswith(".png") and name not in UNDRAWN]),
        manifests={"evaluation": manifest} | {name: stage.manifest for name, stage in trained.items()},
    )


def _sequences(
    path: Path, result: Any, recipe: Recipe, lines: Sequence[Any], span: Span | None, data: Path | None
) -> tuple[list[EpisodeView], str, Editing | str]:
    """The sequences that are shown, a line about the others, and how they are edited, or why they cannot be."""
    place = data or Path(result["dataset"])
    if data is None and not os.path.isdir(place):
        return [], f"The dataset {shown(place)} is not here, so no sequences are shown; --data says where it is.", ""
    if not lines:
        return [], "", ""
    dataset, window = open_for(recipe.data, place), recipe.window
    shown_lines = [lines[index] for index in chosen(np.full(len(lines), window.frames), span, path)]
    numbers = [line["sequence"] for line in shown_lines]
    if not all(type(number) is int and 0 <= number < dataset.n for number in numbers):
        raise InputError(f"{shown(place)} has sequences 0 to {dataset.n - 1}, others were evaluated: give theirs with --data")
    first, *others = [row["method"] for row in result["rows"]]

    def indices(times: Sequence[int]) -> Any:
        """Times 1…N after the conditioning frames as indices of frames."""
        return np.array(times, np.int64) + window.conditioning - 1

    episodes = [
        sequence_view(
            dataset.read,
            line["sequence"],
            window.frames,
            indices(line["keyframes"][first]),
            labels=indices(line["true"]) if "true" in line else None,
            others={shown(method): indices(line["keyframes"][method]) for method in others},
        )
        for line in shown_lines
    ]
    told = left_out(len(episodes), len(lines), "sequences")
    if isinstance(dataset, Windows):
        return episodes, told, "Windows of episodes are looked at here; keyframes are edited on the page of the whole episodes."
    return episodes, told, Editing("", str(place), first)


def inside(folder: Path, files: Sequence[Path]) -> list[Path]:
    """Those files that are there and lie in a folder, wherever links lead."""
    root = folder.resolve()
    return [file for file in files if file.is_file() and file.resolve().is_relative_to(root)]
