"""How well episodes are reconstructed from keyframes: a column for each dataset, a line for each method.

Above, dB by the number of keyframes that were found. Below, what of it is owed to where they are: dB more than as many uniform
keyframes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli.colours import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, RED, TEAL
from keyin_cli.figures.style import Points, line_legend, paint, panels, save

COLOURS = (BLUE, ORANGE, GREEN, PINK, TEAL)  # of methods, in turn; markers and dashes tell apart those of one colour
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.")
WIDTH, NAME = 4.3, 1.7  # inches of a column, and of a name in the legend
FAINT = 0.25


@dataclass(frozen=True)
class Reconstructed:
    """A column: of every line (k,5), keyframes found on average, dB, dB above uniform and the ends of its interval; `ticks` are
    the numbers that were asked for."""

    title: str
    lines: Mapping[str, Points]
    ticks: Sequence[int]


def reconstruction(path: Path, datasets: Sequence[Reconstructed], chance: Sequence[str], optimum: str, events: str) -> None:
    """Draw all datasets, at least one.

    Args:
        chance: names of lines that are grey, the first of them uniform, from which differences are.
        optimum: the line that none can be above.
        events: the true keyframes, which are one point.
    """
    names = dict.fromkeys(name for each in datasets for name in each.lines)
    looks = _looks(sorted(name for name in names if name not in (*chance, optimum, events)))
    looks |= {name: {"color": paint(GREY), "linestyle": dash} for name, dash in zip(chance, ("-", ":"), strict=False)}
    looks |= {optimum: {"color": paint(BLACK), "linestyle": "--", "linewidth": 1.2}}
    looks |= {events: {"color": paint(RED), "linestyle": "none", "marker": "*", "markersize": 11}}
    width = max(WIDTH * len(datasets), 6.0)
    figure, axes = panels(2, len(datasets), width, 7.2)
    for (above, below), each in zip(axes.T, datasets, strict=True):
        for name, line in each.lines.items():
            count, decibels, more, low, high = line.T
            above.plot(count, decibels, **looks[name])
            if name == chance[0]:
                below.axhline(0, **looks[name])
                continue
            below.errorbar(count, more, (np.maximum(more - low, 0), np.maximum(high - more, 0)), **looks[name], elinewidth=0.7)
        above.set(title=each.title)
        below.set(xlabel="keyframes an episode")
        for axis in (above, below):
            axis.set_xscale("log", base=2)
            axis.set_xticks(each.ticks, [str(tick) for tick in each.ticks])
            axis.grid(color=paint(GREY, FAINT), linewidth=0.5)
            axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("PSNR, dB")
    axes[1, 0].set_ylabel(f"above as many {chance[0]} keyframes, dB")
    line_legend(figure, {name: looks[name] for name in names}, int(width / NAME))
    save(path, figure)


def _looks(methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and dashes of every method: no two have all three in common before there are many."""
    return {
        name: {
            "color": paint(_turn(COLOURS, number)),
            "marker": _turn(MARKERS, number),
            "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
            "markersize": 4,
            "linewidth": 1.2,
        }
        for number, name in enumerate(methods)
    }


def _turn(all_of: Sequence[Any], number: int) -> Any:
    return all_of[number % len(all_of)]
