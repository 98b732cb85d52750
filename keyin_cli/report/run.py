"""The page of a training run: how every stage was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.report.page import Cell, Chart, Line, Page, Table

VALIDATION = "val/"
NO_TERMS = ("step", "phase", "waiting")
WIDE = 50  # times the lowest value, from which on the axis is logarithmic


@dataclass(frozen=True)
class Stage:
    """A trained stage: its manifest and the rows of its metrics."""

    manifest: dict[str, Any]
    rows: list[dict[str, Any]]


def page(path: Path) -> Page:
    """The page of a run, or of one of its stages.

    Raises:
        InputError: nothing was trained there, or files are damaged.
        KeyError, TypeError, ValueError: the same.
    """
    trained = {path.absolute().name: _stage(path)} if (path / storage.METRICS).is_file() else stages(path)
    if not trained:
        raise InputError(f"nothing was trained in {shown(path)} so far")
    first = next(iter(trained.values())).manifest
    return Page(
        kind="training run",
        title=shown(path.absolute().name),
        about=f"How {', '.join(map(shown, trained))} {'was' if len(trained) == 1 else 'were'} trained.",
        facts={"recipe": shown(first["recipe"]["name"]), "seed": shown(first["recipe"]["seed"])},
        tables=[_table(trained)],
        charts=charts(trained),
        manifests={name: stage.manifest for name, stage in trained.items()},
    )


def is_run(path: Path) -> bool:
    return (path / storage.METRICS).is_file() or any(_folders(path))


def stages(path: Path) -> dict[str, Stage]:
    """The trained stages below a directory, in the order in which they were begun."""
    found = {folder.name: _stage(folder) for folder in _folders(path)}
    return dict(sorted(found.items(), key=lambda item: str(item[1].manifest.get("created"))))


def charts(trained: Mapping[str, Stage]) -> list[Chart]:
    """A chart for every term of every stage: on the training batches faint, on the validation split on top."""
    return [chart for name, stage in trained.items() for chart in _charts(name, stage.rows)]


def _folders(path: Path) -> list[Path]:
    return [each for each in sorted(path.iterdir()) if (each / storage.METRICS).is_file() and (each / storage.MANIFEST).is_file()]


def _stage(path: Path) -> Stage:
    return Stage(storage.read_manifest(path), storage.read_metrics(path))


def _charts(stage: str, rows: Sequence[Mapping[str, Any]]) -> list[Chart]:
    terms = dict.fromkeys(key.removeprefix(VALIDATION) for row in rows for key in row if key not in NO_TERMS)
    ends = [float(row["step"]) for row, after in pairwise(rows) if row.get("phase", 0) != after.get("phase", 0)]
    found = []
    for term in terms:
        lines = [_line(rows, term, "training", True), _line(rows, VALIDATION + term, "validation", False)]
        drawn = [line for line in lines if any(line.y)]
        if drawn:
            if len(drawn) == 1:
                drawn = [Line(drawn[0].name, drawn[0].x, drawn[0].y)]
            values = [value for line in drawn for value in line.y]
            wide = min(values) > 0 and max(values) > WIDE * min(values)
            found.append(Chart(stage, term.replace("_", " "), "step", drawn, wide, ends))
    return found


def _line(rows: Sequence[Mapping[str, Any]], key: str, name: str, faint: bool) -> Line:
    some = [row for row in rows if isinstance(row.get(key), int | float)]
    return Line(name, [float(row["step"]) for row in some], [float(row[key]) for row in some], faint)


def _table(trained: Mapping[str, Stage]) -> Table:
    rows: list[list[Cell]] = []
    for name, stage in trained.items():
        manifest = stage.manifest
        reached = int(stage.rows[-1]["step"]) if stage.rows else 0
        state = "finished" if "finished" in manifest else "unfinished"
        size = f"{int(manifest['parameters']):,}" if "parameters" in manifest else "–"
        time = f"{float(manifest['seconds']) / 60:,.1f} min" if "seconds" in manifest else "–"
        rows.append([shown(name), state, f"{reached:,}", size, time])
    return Table("Stages", ["stage", "state", "steps", "parameters", "trained in"], rows)
