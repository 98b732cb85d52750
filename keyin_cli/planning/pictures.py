"""Pictures of planning, drawn from what was written: `episodes.jsonl` and the imagined subgoals beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keyin_cli import figures, storage
from keyin_cli.datasets.pushing import gl
from keyin_cli.errors import InputError
from keyin_cli.planning import observe
from keyin_cli.planning.metrics import SUCCESS
from keyin_cli.progress import track

SIZE = 256  # px of executed frames
PLANNED = "planned"  # the directory of imagined subgoals
OVERALL = ("outcomes.png", "success.png")  # of all methods

Frames = NDArray[np.uint8]
Line = dict[str, Any]


def check() -> None:
    """Raises:
    InputError: no OpenGL back end works, and what to do.
    """
    try:
        gl.choose()
    except InputError as error:
        raise InputError(f"{error}; --pictures 0 draws no episodes") from None


def write_planned(out: Path, task: int, images: Frames) -> None:
    """Keep the frames (K,H,W,3) in which a task's subgoals were imagined: one PNG, side by side."""
    strip = Image.fromarray(np.concatenate(list(images), axis=1))
    storage.replace(_planned(out, task), lambda beside: strip.save(beside, format="PNG"))


def draw(methods: Mapping[str, Sequence[Line]], rows: Sequence[dict[str, Any]], drawn: int, out: Path) -> list[Path]:
    """Draw all tasks, success curves, and of every method a strip and a film of its `drawn` best and `drawn` worst episodes.

    Args:
        methods: lines of `episodes.jsonl` by method.
        rows: of Table 2.

    Returns:
        The paths of the pictures.
    """
    paths = [out / name for name in OVERALL]
    panels = [
        figures.Outcomes(method, [np.array(line["path"]) - line["wall"] for line in lines], [line["success"] for line in lines])
        for method, lines in methods.items()
    ]
    figures.outcomes(paths[0], panels)
    figures.success_curves(paths[1], {row["method"]: row["success_curve"] for row in rows}, SUCCESS)
    shown = [(method, line) for method, lines in methods.items() for line in extremes(lines, drawn)]
    with track("drawing episodes", len(shown)) as advance:
        for method, line in shown:
            paths += draw_episode(out / method, line)
            advance()
    return paths


def extremes(lines: Sequence[Line], count: int) -> list[Line]:
    """The `count` episodes that end nearest to their goals, then the `count` that end farthest; worst last, none twice."""
    ranked = sorted(lines, key=lambda line: line["error"])
    return [line for rank, line in enumerate(ranked) if rank < count or rank >= len(ranked) - count]


def draw_episode(out: Path, line: Line) -> list[Path]:
    """A strip and a film of one episode; those that are there stay."""
    strip, film = (out / f"episode-{line['task']:03d}.{kind}" for kind in ("png", "mp4"))
    if strip.is_file() and film.is_file():
        return [strip, film]
    from keyin_cli.datasets.pushing.render import shared

    motion = np.concatenate([line["path"], line["finger"]], axis=1)
    subgoals, goal, current = np.array(line["subgoals"]), np.array(line["goal"]), np.array(line["current"], dtype=np.int64)
    executed = shared(SIZE).frames(motion, np.repeat([line["wall"]], len(motion), axis=0))
    figures.plan_strip(strip, _shown(out, line), executed[left(current, len(subgoals))], goal)
    following = np.append(current, current[-1:]) if len(current) else np.array([len(subgoals) - 1])
    figures.episode_film(film, executed, subgoals[following], goal)
    return [strip, film]


def left(current: NDArray[np.int64], subgoals: int) -> NDArray[np.int64]:
    """The frames (1 + subgoals,) of the start and in which each subgoal was left; the last one for those not tried.

    `current` (steps,): the subgoal of each action.
    """
    ends = [int(np.flatnonzero(current == k)[-1]) + 1 if (current == k).any() else len(current) for k in range(subgoals)]
    return np.array([0, *ends])


def _shown(out: Path, line: Line) -> Frames:
    """Start, subgoals and goal as frames: imagined ones where there are, else drawn with the puck where it is to be."""
    pucks = np.array([line["path"][0], *line["subgoals"]])
    file = _planned(out, line["task"])
    if not file.is_file():
        return observe.frames(pucks, np.repeat([line["wall"]], len(pucks), axis=0), SIZE)
    with Image.open(file) as strip:
        imagined = np.stack(np.split(np.asarray(strip.convert("RGB")), len(pucks) - 2, axis=1))
    ends = observe.frames(pucks[[0, -1]], np.repeat([line["wall"]], 2, axis=0), imagined.shape[1])
    return np.concatenate([ends[:1], imagined, ends[1:]])


def _planned(out: Path, task: int) -> Path:
    return out / PLANNED / f"{task:03d}.png"
