"""Statistics and pictures of a dataset, in one directory."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import figures, storage
from keyin_cli.datasets.statistics import is_pushing, statistics
from keyin_cli.datasets.store import Dataset
from keyin_cli.errors import InputError
from keyin_cli.progress import track
from keyin_cli.recipe import PushingData

STATISTICS = "statistics.json"
PANELS, FILMED, PATHS = 6, 24, 100  # sequences in each kind of picture


def draw(dataset: Dataset, out: Path) -> tuple[dict[str, Any], list[Path]]:
    """Count what is in a dataset and draw its first test sequences, unchosen (of all when none is for testing).

    Writes statistics.json, demonstrations.png, demonstrations.mp4, histograms.png (with labels only) and paths.png (of pushing
    only) to the directory `out`.

    Returns:
        The statistics, see `data.statistics`, and the paths of the pictures.

    Raises:
        InputError: the dataset is damaged or cannot be drawn.
    """
    test = dataset.indices("test")
    shown = (test if len(test) else dataset.indices("all"))[:FILMED]
    if not len(shown):
        raise InputError(f"{dataset.path} has no sequences to draw")
    if dataset.image[2] not in (1, 3):
        raise InputError(f"{dataset.path} has frames of {dataset.image[2]} channels: only 1 (grey) or 3 (RGB) can be drawn")
    frames = dataset.read("frames", shown)
    times = dataset.read("keyframes", shown) if dataset.labelled else np.zeros(frames.shape[:2], dtype=np.bool_)
    found, goals, pictures = statistics(dataset), None, {}
    if is_pushing(dataset):
        goals, scene = dataset.read("goal", shown), demonstrated(dataset, shown[:1])
        pictures["paths.png"] = partial(figures.puck_paths, scenes=[scene])
    if dataset.labelled:
        pictures["histograms.png"] = partial(figures.histograms, statistics=found)
    pictures["demonstrations.png"] = partial(figures.demonstrations, frames=frames[:PANELS], times=times[:PANELS], goals=goals)
    pictures["demonstrations.mp4"] = partial(figures.film, frames=frames, times=times, goals=goals)
    with track(f"drawing {dataset.path.name}", len(pictures)) as advance:
        for name, picture in pictures.items():
            picture(out / name)
            advance()
    recorded = {"path": str(dataset.path), "sha256": dataset.sha256, "recipe": dataset.attributes.get("recipe")}
    storage.write_json(out / STATISTICS, {"dataset": recorded, "statistics": found, "manifest": storage.provenance()})
    return found, [out / name for name in pictures]


def demonstrated(dataset: Dataset, sequence: NDArray[np.int64]) -> figures.Paths:
    """Fresh demonstrations to many goals in the scene of one sequence (1,) of a pushing dataset."""
    from keyin_cli.datasets.pushing import env, sequences  # imports MuJoCo, which other datasets do without

    data = PushingData.model_validate(dataset.attributes["recipe"])
    wall, states, goal = (dataset.read(name, sequence).astype(np.float64) for name in ("wall", "states", "goal"))
    scene = env.Scene(wall, states[:, 0, :2], goal)
    demos = sequences.demonstrate(data, np.arange(PATHS), sequences.FIGURES, threads=0, like=scene)
    return figures.Paths(f"{PATHS} demonstrations", demos.states[..., :2], demos.scene.goal, scene.start[0], wall[0])
