"""Scores over what the sequences are: a panel for each factor that is changed, a line for each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keyin_cli.colours import GREY, Colour
from keyin_cli.figures.style import Points, line_legend, paint, panels, save

COLUMNS = 2


@dataclass(frozen=True)
class Factor:
    """A panel: `lines` has (k,4) of every method, value of the factor, score, ends of its interval; `trained` is a value."""

    title: str
    trained: float
    lines: Mapping[str, Points]


def robustness(path: Path, factors: Sequence[Factor], score: str, colours: Mapping[str, Colour]) -> None:
    """Scores in [0,1] with their intervals, each method in its colour; the condition of the training data dashed."""
    columns, rows = min(COLUMNS, len(factors)), -(-len(factors) // COLUMNS)
    figure, axes = panels(rows, columns, 4.8 * columns, 2.9 * rows + 0.4)
    for axis, factor in zip(axes.flat, factors, strict=False):
        axis.axvline(factor.trained, color=paint(GREY, 0.6), linestyle="--", linewidth=1)
        for method, line in factor.lines.items():
            value, middle, low, high = line.T
            axis.fill_between(value, low, high, color=paint(colours[method], 0.2), linewidth=0)
            axis.plot(value, middle, ".-", color=paint(colours[method]))
        values = sorted({float(value) for line in factor.lines.values() for value in line[:, 0]})
        axis.set_xticks(values, [f"{value:g}" for value in values])
        axis.set(xlabel=factor.title, ylim=(0, 1.02))
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(factors) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel(score)
    methods = dict.fromkeys(method for factor in factors for method in factor.lines)
    looks = {method: {"color": paint(colours[method]), "marker": "."} for method in methods}
    line_legend(figure, looks | {"as trained": {"color": paint(GREY, 0.6), "linestyle": "--"}})
    save(path, figure)
