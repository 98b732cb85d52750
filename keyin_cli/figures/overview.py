"""Statistics and pictures of a dataset, in one directory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import figures, storage
from keyin_cli.datasets.episodes.layout import FRAMES, Episodes
from keyin_cli.datasets.kind import kind_of_dataset
from keyin_cli.datasets.statistics import statistics
from keyin_cli.datasets.store import Dataset
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import track
from keyin_cli.registry import resolve

STATISTICS = "statistics.json"
SHEET, SHOWN, COLUMNS = "contact-sheet.png", 20, 12  # episodes of a contact sheet, and frames of each
PANELS, FILMED = 6, 24  # sequences in each kind of picture


def draw(dataset: Dataset, out: Path) -> tuple[dict[str, Any], list[Path]]:
    """Count what is in a dataset and draw its first test sequences, unchosen (of all when none is for testing).

    Writes statistics.json, demonstrations.png, demonstrations.mp4, histograms.png (with labels only) and the pictures of the
    dataset's kind to the directory `out`.

    Returns:
        The statistics, see `datasets.statistics`, and the paths of the pictures.

    Raises:
        InputError: the dataset is damaged or cannot be drawn; there are files of another program of these names.
    """
    test = dataset.indices("test")
    shown = (test if len(test) else dataset.indices("all"))[:FILMED]
    if not len(shown):
        raise InputError(f"{dataset.path} has no sequences to draw")
    if dataset.image[2] not in (1, 3):
        raise InputError(f"{dataset.path} has frames of {dataset.image[2]} channels: only 1 (grey) or 3 (RGB) can be drawn")
    frames = dataset.read("frames", shown)
    times = dataset.read("keyframes", shown) if dataset.labelled else np.zeros(frames.shape[:2], dtype=np.bool_)
    found, kind = statistics(dataset), kind_of_dataset(dataset)
    goals, pictures = resolve(kind.pictures)(dataset, shown) if kind and kind.pictures else (None, {})
    if dataset.labelled:
        pictures["histograms.png"] = partial(figures.histograms, statistics=found)
    pictures["demonstrations.png"] = partial(figures.demonstrations, frames=frames[:PANELS], times=times[:PANELS], goals=goals)
    pictures["demonstrations.mp4"] = partial(figures.film, frames=frames, times=times, goals=goals)
    recorded = {"path": str(dataset.path), "sha256": dataset.sha256, "recipe": dataset.attributes.get("recipe")}
    _check_free(out, [STATISTICS, *pictures])
    storage.write_json(out / STATISTICS, {"dataset": recorded, "statistics": found, "manifest": storage.provenance()})
    with track(f"drawing {dataset.path.name}", len(pictures)) as advance:
        for name, picture in pictures.items():
            picture(out / name)
            advance()
    return found, [out / name for name in pictures]


def _check_free(out: Path, names: Iterable[str]) -> None:
    """Raises:
    InputError: one of these names is there, and no statistics of ours.
    """
    there = [name for name in names if os.path.lexists(out / name)]
    try:
        is_ours = not there or storage.read_json(out / STATISTICS).keys() == {"dataset", "statistics", "manifest"}
    except (InputError, AttributeError):
        is_ours = False
    if not is_ours:
        raise InputError(f"{shown(out / there[0])} is nothing that keyin made, it is left alone: give another --out")


def draw_episodes(episodes: Episodes, out: Path) -> Path:
    """Draw the first episodes, a few evenly spaced frames of each: contact-sheet.png in the directory `out`.

    Raises:
        InputError: the dataset is damaged.
    """
    rows = []
    with track(f"drawing {episodes.path.name}", min(SHOWN, episodes.n)) as advance:
        for index in range(min(SHOWN, episodes.n)):
            begin, length = int(episodes.begins[index]), int(episodes.lengths[index])
            times = np.unique(np.linspace(0, length - 1, COLUMNS).round().astype(int))
            frames = np.concatenate([episodes.read(FRAMES, begin + time, begin + time + 1) for time in times])
            rows.append(figures.SheetRow(episodes.names[index], length / episodes.fps, frames))
            advance()
    figures.contact_sheet(out / SHEET, rows, COLUMNS)
    return out / SHEET
