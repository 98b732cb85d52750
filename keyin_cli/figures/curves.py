"""How the stages of a run were trained, from the rows of their metrics.jsonl. No label is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from keyin_cli.colours import BLUE, GREEN, GREY, PINK, Colour
from keyin_cli.figures.style import line_legend, paint, panels, save

Rows = Sequence[Mapping[str, float]]

TERMS = {"sequence": BLUE, "autoencoder": GREEN, "embeddings": PINK, "kl": GREY}  # of stage 1
VALIDATION = "val/"
COLUMNS = 3


class Panel(NamedTuple):
    """A validation term of the keyframe models, in all phases but those that also report the term `without`: their term of that
    name is another."""

    term: str
    title: str
    without: str | None = None
    scale: str = "linear"


PANELS = (
    Panel("offsets", "cross-entropy of offsets, nats"),
    Panel("description", "expected description length, nats"),
    Panel("keyframes_inside", "keyframes inside the sequence, expected"),
    Panel("sequence", "sequence error of each soft loss", "offsets", "log"),
    Panel("nats", "sequence and keyframes, nats: what the paper's loss trains"),
    Panel("entropy", "entropy of δ, nats", "offsets"),
)


def curves(path: Path, stage_1: Rows, methods: Mapping[str, Rows], colours: Mapping[str, Colour]) -> None:
    """Stage 1 with its terms; then a panel for each validation term of the keyframe models, each method a line.

    Args:
        methods: the rows of each method that stands on stage 1. Panels without a line are left out.
        colours: of every method.
    """
    shown = [(panel, lines) for panel in PANELS if (lines := _lines(panel, methods))]
    count = 1 + len(shown)
    columns = min(COLUMNS, count)
    height = -(-count // columns)  # in panels
    figure, axes = panels(height, columns, 4.6 * columns, 3 * height + 0.4)
    _stage_1(axes.flat[0], stage_1)
    for axis, (panel, lines) in zip(axes.flat[1:], shown, strict=False):
        for method, (steps, values) in lines.items():
            axis.plot(steps, values, ".-", color=paint(colours[method]), clip_on=False)
            for end in _phase_ends(methods[method]):
                axis.axvline(end, color=paint(colours[method], 0.4), linewidth=0.8, linestyle=":")
        axis.set(title=panel.title, yscale=panel.scale)
        if panel.scale == "linear":
            axis.set_ylim(bottom=0)
    for axis in axes.flat[:count]:
        axis.set_xlabel("step")
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    drawn = dict.fromkeys(method for _, lines in shown for method in lines)
    figure.suptitle("on the validation split; faint: on the training batches; dotted: a phase ends")
    line_legend(figure, {method: {"color": paint(colours[method])} for method in drawn})
    save(path, figure)


def _stage_1(axis: Axes, rows: Rows) -> None:
    """Terms of the loss that are not zero throughout: of the training batches faint, of the validation split on top."""
    for term, colour in TERMS.items():
        steps, values = column(rows, term)
        if any(values):
            axis.plot(steps, values, color=paint(colour, 0.3), linewidth=0.8)
            axis.plot(*column(rows, VALIDATION + term), ".-", color=paint(colour), label=term)
    axis.set(title="stage 1: terms of the loss", yscale="log")
    if axis.lines:
        axis.legend(frameon=False)


def _lines(panel: Panel, methods: Mapping[str, Rows]) -> dict[str, tuple[list[float], list[float]]]:
    """The line of every method that belongs into a panel."""
    lines = {}
    for method, rows in methods.items():
        line = column([row for row in rows if f"{VALIDATION}{panel.without}" not in row], VALIDATION + panel.term)
        if line[0]:
            lines[method] = line
    return lines


def _phase_ends(rows: Rows) -> list[float]:
    """The last step of every phase but the last."""
    return [row["step"] for row, after in pairwise(rows) if row.get("phase", 0) != after.get("phase", 0)]


def column(rows: Sequence[Mapping[str, Any]], key: str) -> tuple[list[float], list[float]]:
    """Steps and values of the rows that have a key."""
    some = [row for row in rows if key in row]
    return [row["step"] for row in some], [row[key] for row in some]
