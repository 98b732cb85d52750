"""Scores and picture of studies/cloning.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cloning_rows import ACTION, AHEAD, ORACLES
from numpy.typing import NDArray

from keyin_cli.colours import BLUE, GREY, ORANGE, RED, Colour
from keyin_cli.datasets.ogbench.section import STEP
from keyin_cli.figures.style import legend, paint, panels, save
from keyin_cli.statistics import interval_over_seeds

RESAMPLES = 10_000
BASE = ACTION  # what the other rows are compared with
SCORES, DRAWN = ("presses", "whole", "clean"), "presses"
TITLES = {str(AHEAD[0]): "looks again at every step", str(AHEAD[1]): f"looks again after {AHEAD[1]} steps"}
LABELLED = ("plan", "events")
COLOURS = {
    "learns nothing": GREY,
    "predicts actions": ORANGE,
    "waypoints from labels": RED,
    "waypoints without labels": BLUE,
}

Counts = NDArray[np.int64]


def counted(runs: Sequence[Mapping[str, Any]]) -> Counts:
    """What a row's runs, one of each training seed, come to in each task: (K,n,6) int64. Buttons that were pressed, buttons;
    tasks in which all were, in which no other was besides, one task; steps of what was pressed."""
    return np.stack([np.array(list(map(_counts, run["pressed"], run["steps"], run["wrong"])), np.int64) for run in runs])


def _counts(pressed: Sequence[bool], steps: Sequence[int], wrong: int) -> tuple[int, ...]:
    taken = sum(each for each, done in zip(steps, pressed, strict=True) if done)
    return sum(pressed), len(pressed), int(all(pressed)), int(all(pressed) and not wrong), 1, taken


def score(name: str) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
    """A score from summed counts (6,k): (k,)."""
    above, below = {"presses": (0, 1), "whole": (2, 4), "clean": (3, 4)}[name]
    return lambda summed: summed[above] / summed[below]


def scores(found: Mapping[str, Sequence[Mapping[str, Any]]], keyframes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """What the result has of each row, for each number of steps until a policy looks again: scores with intervals over seeds and
    tasks, and how much better they are than `BASE`'s, seed by seed and task by task.

    Args:
        found: the runs of each row, one of each training seed, by that number; all of the same tasks.
        keyframes: of the rows that have some, those of each demonstration.
    """
    rows = []
    for row, runs in found.items():
        told: dict[str, Any] = {"row": row, "seeds": len(runs)}
        if row in keyframes:
            told["keyframes"] = round(float(np.mean([len(steps) for steps in keyframes[row]])), 1)
        told["ahead"] = {
            ahead: _scored([run[ahead] for run in runs], [run[ahead] for run in found[BASE]], row != BASE) for ahead in runs[0]
        }
        rows.append(told)
    return rows


def _scored(runs: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]], compared: bool) -> dict[str, Any]:
    counts, summed = counted(runs), counted(runs).sum((0, 1))
    told: dict[str, Any] = {}
    for name in SCORES:
        told[name] = _interval(counts, score(name))
        if compared and len(runs) == len(base):
            better = _interval(np.concatenate([counts, counted(base)], axis=2), _difference(name))
            told[name]["better"] = {"mean": better["mean"], "ci95": better["ci95"]}
    told["seconds_per_press"] = round(float(summed[5] / summed[0] * STEP), 2) if summed[0] else None
    told["wrong_per_task"] = round(float(np.mean([run["wrong"] for run in runs])), 3)
    return told | {"runs": [_short(run) for run in runs]}


def _short(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run as the result has it: of each task a word, whose letters say of each button whether it was pressed."""
    words = ("".join("1" if done else "0" for done in task) for task in run["pressed"])
    return {**{name: run[name] for name in ("validation", "updates") if name in run}, "pressed": " ".join(words)}


def _difference(name: str) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
    return lambda summed: score(name)(summed[:6]) - score(name)(summed[6:])


def _interval(counts: Counts, ratio: Callable[[NDArray[np.int64]], NDArray[np.float64]]) -> dict[str, Any]:
    each = [float(ratio(one.sum(0)[:, None])[0]) for one in counts]
    low, high = interval_over_seeds(counts, ratio, RESAMPLES)
    return {
        "mean": round(float(np.mean(each)), 4),
        "ci95": [round(low, 4), round(high, 4)],
        "each": [round(one, 4) for one in each],
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """All rows in Markdown."""
    lines = [
        "| row | keyframes | looks after | presses [95 %] | whole [95 %] | against *action* [95 %] | s a press |",
        "|---" * 7 + "|",
    ]
    for row in rows:
        for ahead, told in row["ahead"].items():
            cells = [row["row"], f"{row['keyframes']:g}" if "keyframes" in row else "–", ahead]
            cells += [_shown(told[name], ".3f") for name in ("presses", "whole")]
            cells.append(_shown(told["presses"]["better"], "+.3f") if "better" in told["presses"] else "–")
            seconds = told["seconds_per_press"]
            lines.append(f"| {' | '.join([*cells, '–' if seconds is None else f'{seconds:.2f}'])} |")
    return "\n".join(lines)


def _shown(told: Mapping[str, Any], form: str) -> str:
    low, high = told["ci95"]
    return f"{told['mean']:{form}} [{low:{form}}, {high:{form}}]"


def colour(row: str) -> Colour:
    """What a row is."""
    if row in ORACLES:
        return COLOURS["learns nothing"]
    if row == BASE:
        return COLOURS["predicts actions"]
    return COLOURS["waypoints from labels" if row in LABELLED else "waypoints without labels"]


def draw(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A panel for each number of steps until a policy looks again: a dot and its interval for each row, training seeds paler."""
    figure, axes = panels(1, len(TITLES), 10, 0.27 * len(rows) + 1.3)
    for axis, (ahead, title) in zip(axes[0], TITLES.items(), strict=True):
        for place, row in enumerate(rows):
            if ahead in row["ahead"]:
                shown = row["ahead"][ahead][DRAWN]
                axis.plot(shown["ci95"], [place, place], color=paint(colour(row["row"])), linewidth=2)
                axis.plot(shown["each"], [place] * len(shown["each"]), "o", color=paint(colour(row["row"]), 0.35), markersize=4)
                axis.plot(shown["mean"], place, "o", color=paint(colour(row["row"])), markersize=7)
        axis.set_title(title, fontsize=10)
        axis.set(xlabel="share of the told buttons that are pressed", xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5))
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", color=paint(GREY, 0.2))
    names = [row["row"] + (f" ({row['keyframes']:g})" if "keyframes" in row else "") for row in rows]
    axes[0][0].set_yticks(range(len(rows)), names)
    for axis in axes[0][1:]:
        axis.set_yticks(range(len(rows)), [])
    looks = {name: {"color": paint(shade)} for name, shade in COLOURS.items()}
    legend(figure, **looks)
    save(path, figure)
