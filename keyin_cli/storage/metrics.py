"""Rows of `metrics.jsonl` of a training run."""

from __future__ import annotations

from pathlib import Path

from keyin_cli.errors import InputError, shown
from keyin_cli.storage.lines import Row, read_lines
from keyin_cli.storage.paths import METRICS

TOLD = ("step", "phase")  # whole numbers; all else are figures


def read_metrics(run: Path) -> list[Row]:
    """The rows of a run, in the order of their steps; none when nothing was written.

    Raises:
        InputError: they are damaged.
    """
    rows, before = read_lines(run / METRICS), 0
    for number, row in enumerate(rows, start=1):
        step = row.get("step")
        whole = all(type(row[key]) is int for key in TOLD if key in row)
        if type(step) is not int or step <= before or not whole or not all(type(each) in (int, float) for each in row.values()):
            what = "steps do not increase" if type(step) is int and whole and step <= before else "is no row of metrics"
            raise InputError(
                f"{shown(run / METRICS)}: line {number}: {what}: take this line out by hand, or train again with --overwrite"
            )
        before = step
    return rows
