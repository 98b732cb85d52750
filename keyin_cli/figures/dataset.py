"""Pictures of a dataset: whole sequences, paths of the puck, statistics. Points are on the table, in its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import BoxStyle, Circle, FancyBboxPatch, Rectangle

from keyin_cli.colours import BLUE, GREEN, GREY, PINK, RED
from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, WALL_HALF
from keyin_cli.figures.style import Frames, Points, Times, legend, overlay, paint, panels, save

COLUMNS = 3
FADED = 0.12  # opacity of the puck between keyframes
TABLE = (-1, 1)
INSIDE = (-0.97, 0.97)  # without the pixels at the table's edge


@dataclass(frozen=True)
class Paths:
    """A panel of `puck_paths`: `paths` (n,T,2) and `goals` (n,2) of one scene with a `start` (2,) and a wall centred at (2,)."""

    title: str
    paths: Points
    goals: Points
    start: Points
    wall: Points


def demonstrations(path: Path, frames: Frames, times: Times, goals: Points | None = None) -> None:
    """Fig. 5, left: n whole sequences in one image each, keyframes red, all other times faded.

    Args:
        frames: (n,T,H,W,C); (n,T,H,H,3) of pushing.
        times: (n,T) bool.
        goals: (n,2), of pushing sequences.
    """
    columns, rows = min(COLUMNS, len(frames)), -(-len(frames) // COLUMNS)
    figure, axes = panels(rows, columns, 3 * columns, 3 * rows + 0.35)
    for axis in axes.flat:
        axis.set_axis_off()
    for index, axis in enumerate(axes.flat[: len(frames)]):
        if goals is None:
            axis.imshow(overlay(frames[index], times[index], RED), interpolation="nearest")
        else:
            _demonstration(axis, frames[index], times[index], goals[index])
    keyframe = {"color": paint(RED)}
    if goals is None and times.any():
        legend(figure, keyframe=keyframe)
    if goals is not None:
        goal = {"markerfacecolor": "none", "markeredgecolor": paint(GREEN), "markeredgewidth": 2}
        legend(figure, start={"color": paint(PINK)}, keyframe=keyframe, between={"color": paint(RED, 2 * FADED)}, goal=goal)
    save(path, figure)


def puck_paths(path: Path, scenes: Sequence[Paths]) -> None:
    """Fig. 6, left: in each panel paths of the puck from one start around the wall to many goals, to scale.

    Around the wall is shaded where the puck's centre cannot be.
    """
    figure, axes = panels(1, len(scenes), 4.4 * len(scenes), 5)
    for axis, scene in zip(axes[0], scenes, strict=True):
        draw_wall(axis, scene.wall)
        axis.plot(*scene.paths.T, color="black", linewidth=0.6, alpha=0.6)
        axis.plot(*scene.goals.T, "o", color=paint(GREEN), markersize=2.5)
        axis.add_patch(Circle(_pair(scene.start), PUCK_RADIUS, fc=paint(PINK), zorder=3))
        axis.set(xlim=TABLE, ylim=TABLE, aspect="equal", xticks=[], yticks=[], title=scene.title)
    legend(
        figure,
        start={"color": paint(PINK)},
        wall={"marker": "s", "color": paint(BLUE)},
        goals={"markersize": 4, "color": paint(GREEN)},
    )
    save(path, figure)


def draw_wall(axis: Axes, wall: Points) -> None:
    """A wall centred at (2,), and around it, shaded, where the puck's centre cannot be."""
    corner, (width, height) = _pair(wall - WALL_HALF), 2 * WALL_HALF
    inflated = BoxStyle.Round(pad=PUCK_RADIUS, rounding_size=PUCK_RADIUS)
    axis.add_patch(FancyBboxPatch(corner, width, height, inflated, fc=paint(BLUE, 0.12), ec="none"))
    axis.add_patch(Rectangle(corner, width, height, fc=paint(BLUE)))


def histograms(path: Path, statistics: dict[str, Any]) -> None:
    """What `datasets.statistics.statistics` counted of a labelled dataset, as shares of all that was counted."""
    pushing = statistics.get("pushing")
    figure, (axes,) = panels(1, 3 if pushing else 2, 12 if pushing else 8, 2.8)
    _bars(axes[0], statistics["keyframe_times"], statistics["sequences"], "frame of a true keyframe", "share of sequences")
    if pushing:
        _bars(axes[1], pushing["frames_per_push"], sum(pushing["frames_per_push"]), "frames per push", "share of pushes")
        _lengths(axes[2], pushing["lengths"], statistics["sequences"])
    else:
        between = statistics["frames_between_keyframes"]
        _bars(axes[1], between, max(1, sum(between)), "frames between true keyframes", "share of pairs")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    save(path, figure)


def _demonstration(axis: Axes, frames: Frames, times: Times, goal: Points) -> None:
    """A demonstration (T,H,H,3) in one image: the puck where it is found in every frame, over what does not move."""
    extent = (-segment.VIEW, segment.VIEW, -segment.VIEW, segment.VIEW)
    axis.imshow(np.median(frames, axis=0).astype(np.uint8), extent=extent, interpolation="nearest")
    centres = segment.unproject(segment.puck_centre(frames), frames.shape[1])
    for index in np.argsort(times, kind="stable"):
        look = {"fc": paint(RED), "ec": "white"} if times[index] else {"fc": paint(RED, FADED), "ec": "none"}
        axis.add_patch(Circle(_pair(centres[index]), PUCK_RADIUS, **look))
    axis.add_patch(Circle(_pair(centres[0]), PUCK_RADIUS, fc=paint(PINK), ec="white"))
    axis.add_patch(Circle(_pair(goal), PUCK_RADIUS, fc="none", ec=paint(GREEN), lw=2))
    axis.set(xlim=INSIDE, ylim=INSIDE)


def _bars(axis: Axes, counts: list[int], total: int, what: str, share_of: str) -> None:
    axis.bar(range(len(counts)), np.array(counts) / total, color=paint(RED))
    some = np.flatnonzero(counts)
    if len(some):
        axis.set_xlim(some[0] - 1, some[-1] + 1)
    axis.locator_params(axis="x", integer=True)
    axis.set(xlabel=what, ylabel=share_of)


def _lengths(axis: Axes, lengths: dict[str, Any], sequences: int) -> None:
    for name, label, colour in (("shortest", "shortest", BLUE), ("puck", "the puck's", GREY)):
        shares = np.array(lengths[name]["counts"]) / sequences
        axis.stairs(shares, lengths["edges"], fill=True, color=paint(colour, 0.25))
        axis.stairs(shares, lengths["edges"], color=paint(colour), label=label)
    axis.set(xlabel="length of the path, table units", ylabel="share of sequences")
    axis.legend(frameon=False)


def _pair(point: Points) -> tuple[float, float]:
    return float(point[0]), float(point[1])
