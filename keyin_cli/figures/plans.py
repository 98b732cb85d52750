"""Pictures of planning in the pushing world. Points are on the table, in its units; frames are square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.patches import Circle

from keyin_cli import storage
from keyin_cli.colours import BLUE, GREEN, RED
from keyin_cli.datasets.pushing import segment
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS
from keyin_cli.figures.dataset import draw_wall
from keyin_cli.figures.film import encode, rings
from keyin_cli.figures.style import Frames, Points, legend, paint, panels, save

GOAL = 0.4  # opacity of a goal
COLUMNS = 4
AROUND = 1.15  # half the side of a panel of `outcomes`


@dataclass(frozen=True)
class Outcomes:
    """A panel of `outcomes`: for every task the puck's `path` (T,2) seen from the wall's centre, and whether it succeeded."""

    title: str
    paths: Sequence[Points]
    successes: Sequence[bool]


def plan_strip(path: Path, planned: Frames, executed: Frames, goal: Points) -> None:
    """Fig. 8 and 11: start, planned subgoals and goal (K,h,h,3) above, the frames (K,H,H,3) in which each was left below.

    A transparent disc shows the goal (2,).
    """
    figure, axes = panels(2, len(planned), 1.6 * len(planned) + 0.3, 3.5)
    extent = (-segment.VIEW, segment.VIEW, -segment.VIEW, segment.VIEW)
    for row, frames in zip(axes, (planned, executed), strict=True):
        for axis, frame in zip(row, frames, strict=True):
            axis.imshow(frame, extent=extent, interpolation="nearest")
            axis.add_patch(Circle((float(goal[0]), float(goal[1])), PUCK_RADIUS, fc=paint(GREEN, GOAL), ec="none"))
            axis.set(xticks=[], yticks=[])
    names = ["start", *(f"subgoal {k}" for k in range(1, len(planned) - 1)), "goal"]
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_title(name, fontsize="medium")
    axes[0, 0].set_ylabel("planned")
    axes[1, 0].set_ylabel("executed")
    save(path, figure)


def episode_film(path: Path, frames: Frames, subgoals: Points, goal: Points) -> None:
    """An MP4 (H.264) of an episode (T,H,H,3): a blue ring around the current subgoal (T,2), a green one around the goal (2,)."""
    height, width = frames.shape[1:3]
    at_goal = rings(goal[None], height, width)[0][..., None]
    at_subgoals = rings(subgoals, height, width)[..., None]

    def image(time: int) -> Frames:
        ringed = (1 - at_goal) * frames[time] + at_goal * np.array(GREEN)
        shown: Frames = ((1 - at_subgoals[time]) * ringed + at_subgoals[time] * np.array(BLUE)).round().astype(np.uint8)
        return shown

    storage.replace(path, lambda beside: encode(beside, image, len(frames)))


def outcomes(path: Path, methods: Sequence[Outcomes]) -> None:
    """All tasks of every method: the puck's paths around the wall, green where they succeed, red where they do not."""
    columns, rows = min(COLUMNS, len(methods)), -(-len(methods) // COLUMNS)
    figure, axes = panels(rows, columns, 3.4 * columns, 3.7 * rows + 0.3)
    for axis in axes.flat[len(methods) :]:
        axis.set_axis_off()
    for axis, method in zip(axes.flat, methods, strict=False):
        draw_wall(axis, np.zeros(2))
        for way, success in zip(method.paths, method.successes, strict=True):
            colour = GREEN if success else RED
            axis.plot(*way.T, color=paint(colour, 0.5), linewidth=0.7)
            axis.plot(*way[-1], "o", color=paint(colour), markersize=3)
        solved = f"{sum(method.successes)} of {len(method.successes)}"
        axis.set(xlim=(-AROUND, AROUND), ylim=(-AROUND, AROUND), aspect="equal", xticks=[], yticks=[])
        axis.set_title(f"{method.title}: {solved}")
    legend(figure, success={"color": paint(GREEN)}, failure={"color": paint(RED)}, wall={"marker": "s", "color": paint(BLUE)})
    save(path, figure)


def success_curves(path: Path, curves: Mapping[str, dict[str, list[float]]], threshold: float) -> None:
    """Success rate against the threshold, a line per method; dotted where the table is read off."""
    figure, ((axis,),) = panels(1, 1, 7.5, 4)
    for method, curve in curves.items():
        axis.step(curve["threshold"], 100 * np.array(curve["success_rate"]), where="post", label=method)
    axis.axvline(threshold, color="black", linewidth=0.8, linestyle=":")
    axis.set(xlabel="threshold: shortest path left, table units", ylabel="success, %", ylim=(-2, 102), xlim=(0, None))
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    save(path, figure)
