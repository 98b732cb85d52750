"""What the page's script is told: one tree of JSON, and sheets of frames that stand beside it until they are looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from keyin_cli.datasets.pushing.geometry import FINGER_RADIUS, PUCK_RADIUS, WALL_HALF
from keyin_cli.errors import InputError, shown
from keyin_cli.report import images
from keyin_cli.report.numbers import levels, shorts, steady, thinned
from keyin_cli.report.page import Chart, Editing, EpisodeView, Page, Read, Scene

Tree = dict[str, Any]
SIGNALS, LINES = 4, 16  # signals that are drawn, and lines of each
STRIP = 400_000  # bytes of an imagined strip, at most


def tree(page: Page) -> Tree:
    """Everything but the frames."""
    return {
        "kind": page.kind,
        "fps": page.fps,
        "compared": page.compared,
        "editing": _editing(page.editing, page.fps),
        "episodes": [_episode(each) for each in page.episodes],
        "charts": [_chart(each) for each in page.charts],
        "scenes": [_scene(each) for each in page.scenes],
        "world": {"puck": PUCK_RADIUS, "finger": FINGER_RADIUS, "wall": WALL_HALF.tolist()} if page.scenes else None,
    }


def draw(page: Page, tree: Tree, room: int, advance: Callable[[], None]) -> list[str]:
    """Draw the frames of all episodes, each in its share of `room` bytes, and tell the tree which sheets are whose.

    Raises:
        InputError: an episode has other frames than it says.
    """
    sheets: list[str] = []
    strips = sum(len(scene.imagined) for scene in page.scenes)
    for scene, told in zip(page.scenes, tree["scenes"], strict=True):
        for task, path in scene.imagined.items():
            if path.stat().st_size < min(STRIP, room / (2 * strips)):
                told["imagined"][str(task)] = images.picture(path)[1]
                room -= len(told["imagined"][str(task)])
    total = sum(each.n * (2 if each.inpainted else 1) for each in page.episodes)
    for episode, told in zip(page.episodes, tree["episodes"], strict=True):
        share = int(room * episode.n / max(total, 1))
        told["film"] = _film(episode, episode.read, share, sheets)
        told["inpainted"] = _film(episode, episode.inpainted, share, sheets) if episode.inpainted else None
        advance()
    return sheets


def _film(episode: EpisodeView, read: Read, budget: int, sheets: list[str]) -> Tree:
    frames = read()
    if frames.ndim != 4 or len(frames) != episode.n or frames.dtype != np.uint8 or frames.shape[3] not in (1, 3):
        what = f"frames {frames.shape} {frames.dtype}, expected ({episode.n},H,W,1 or 3) uint8"
        raise InputError(f"episode {shown(episode.name)} has {what}: make what is shown again")
    made = images.sheets(frames, budget)
    ids = list(range(len(sheets), len(sheets) + len(made.sheets)))
    sheets += made.sheets
    size = {"width": made.width, "height": made.height, "columns": made.columns}
    return {"ids": ids, **size, "perSheet": made.per_sheet, "step": made.step}


def _episode(episode: EpisodeView) -> Tree:
    found, at = episode.found, episode.keyframes
    known: list[list[Any]] = []
    if found is not None and at is not None:
        nothing: list[Any] = [None] * len(at)
        columns = (at.tolist(), found.keyframes, found.times or nothing, found.probability or nothing)
        known = [list(each) for each in zip(*columns, strict=True)]
    return {
        "number": episode.number,
        "name": episode.name,
        "shown": shown(episode.name),
        "n": episode.n,
        "frames": steady(episode.source_frames),
        "length": found.frames if found is not None else int(episode.source_frames[-1]) + 1,
        "seconds": steady(episode.seconds),
        "keyframes": None if at is None else np.unique(at).tolist(),
        "known": known,
        "labels": None if episode.labels is None else episode.labels.tolist(),
        "probability": None if episode.probability is None else shorts(episode.probability, 3),
        "cost": None if episode.cost is None else shorts(episode.cost, 3),
        "others": {name: times.tolist() for name, times in episode.others.items()},
        "signals": {shown(name): levels(each[:, :LINES]) for name, each in list(episode.signals.items())[:SIGNALS]},
    }


def _editing(editing: Editing | None, fps: float) -> Tree | None:
    if editing is None:
        return None
    return {
        "source": editing.source,
        "dataset": editing.dataset,
        "fps": fps,
        "method": editing.method,
        "settings": json.loads(json.dumps(dict(editing.settings)), parse_constant=lambda _: None),
        "rest": [each.model_dump(mode="json") for each in editing.rest],
    }


def _chart(chart: Chart) -> Tree:
    lines = []
    for line in chart.lines:
        x, y = thinned(line.x, line.y)
        lines.append({"name": shown(line.name), "x": x, "y": y, "faint": line.faint})
    told = {"group": shown(chart.group), "title": shown(chart.title)}
    return told | {"x": chart.x, "log": chart.log, "ends": shorts(chart.ends, 9), "lines": lines}


def _scene(scene: Scene) -> Tree:
    return {"method": shown(scene.method), "tasks": list(scene.tasks), "imagined": {}}
