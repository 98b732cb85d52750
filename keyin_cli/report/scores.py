"""Rows of Table 1 as a table of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keyin_cli.errors import shown
from keyin_cli.report.page import Cell, Interval, Table

Row = dict[str, Any]
NOTES = {
    "aligned": "F1 aligned: all keyframes of a method are moved by one shift, chosen on the validation split.",
    "told": "* is told the true number of keyframes of every sequence.",
    "seeds": "Trained rows are means over training seeds, their intervals over seeds and sequences.",
    "ci95": "Lines are 95 % intervals; ±1 and ±2 count keyframes that are so many frames off.",
}


def methods(rows: Sequence[Row]) -> Table:
    """The table of methods; without labels only how many keyframes there are.

    Raises:
        KeyError, TypeError, ValueError: they are no rows of Table 1.
    """
    if all(row["f1"] is None for row in rows):
        cells: list[list[Cell]] = [[shown(row["method"]), f"{row['keyframes_per_sequence']:.2f}"] for row in rows]
        return Table("Methods", ["method", "keyframes"], cells, ["There are no labels, and so no scores."])
    columns = ["method", "F1 aligned", "shift", "F1", "±1", "±2", "precision", "recall", "keyframes"]
    seeds = any("seeds" in row for row in rows)
    notes = [
        NOTES["ci95"],
        *([NOTES["aligned"]] if any(row["aligned"] for row in rows) else []),
        *([NOTES["told"]] if any("told" in row for row in rows) else []),
        *([NOTES["seeds"]] if seeds else []),
    ]
    return Table("Methods", columns + ["seeds"] * seeds, [_cells(row, seeds) for row in rows], notes)


def _cells(row: Row, seeds: bool) -> list[Cell]:
    name = shown(row["method"]) + ("*" if "told" in row else "")
    if row["f1"] is None:
        return [name, *["–"] * 7, f"{row['keyframes_per_sequence']:.2f}", *["–"] * seeds]
    plain, (interval, near) = row["f1"]["0"], _aligned(row)
    count = row["keyframes_per_sequence"]
    if "seeds" in row:
        plain, count = row["seeds"]["f1"]["0"]["mean"], row["seeds"]["keyframes_per_sequence"]
    shift = row["aligned"]["shift"] if row["aligned"] else None
    return [
        name,
        interval,
        "–" if shift is None else f"{int(shift):+d}" if shift else "0",
        f"{plain:.3f}",
        *(f"{value:.3f}" for value in near),
        *(f"{row[part]['0']:.3f}" for part in ("precision", "recall")),
        f"{count:.2f}",
        *([str(row["seeds"]["n"]) if "seeds" in row else "–"] if seeds else []),
    ]


def _aligned(row: Row) -> tuple[Interval, list[float]]:
    """F1 aligned with its interval, and within 1 and 2 frames."""
    if "seeds" in row:
        scores = row["seeds"]["aligned"]
        exact, near = scores["0"], [scores[tolerance]["mean"] for tolerance in ("1", "2")]
        return Interval(exact["mean"], *exact["ci95"]), near
    scores = row["aligned"] or row
    return Interval(scores["f1"]["0"], *scores["ci95"]["0"]), [scores["f1"][tolerance] for tolerance in ("1", "2")]


def quality(rows: Sequence[Row]) -> Table:
    """Quality of predictions, as `keyin table` compares it."""
    names = [("reconstruction", "psnr"), ("reconstruction", "ssim"), ("best", "psnr"), ("best", "ssim")]
    columns = ["method", "PSNR", "SSIM", "best PSNR", "best SSIM", "PSNR between samples"]
    cells: list[list[Cell]] = [
        [shown(row["method"]), *(f"{row[part][name]:.2f}" for part, name in names), f"{row['diversity']:.2f}"] for row in rows
    ]
    return Table("Predictions", columns, cells, ["Best: of all samples the one nearest to the true frames."])


def paths(rows: Sequence[Row]) -> Table:
    """Where sampled futures lead, as `keyin table` counts it."""
    names = ("left", "right", "inside_wall", "overlapping_wall", "unseen")
    columns = ["method", "left", "right", "centre inside the wall", "overlapping it", "no puck seen"]
    cells: list[list[Cell]] = [[shown(row["method"]), *(f"{100 * row[name]:.1f} %" for name in names)] for row in rows]
    return Table("Paths of sampled futures", columns, cells)
