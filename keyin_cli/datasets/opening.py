"""Opens the dataset of a recipe, whatever its layout, and checks that it fits."""

from __future__ import annotations

from pathlib import Path

from keyin_cli.datasets.episodes import EpisodesData
from keyin_cli.datasets.episodes.layout import is_episodes, open_episodes
from keyin_cli.datasets.episodes.seen import seen
from keyin_cli.datasets.episodes.windows import windows
from keyin_cli.datasets.sequences import Sequences
from keyin_cli.datasets.store import open_dataset
from keyin_cli.errors import InputError
from keyin_cli.recipe import DataSection, GeneratedData, GeneratedEpisodes


def open_for(data: DataSection, path: Path | None = None) -> Sequences:
    """Open the dataset of a recipe (or another one at `path`) and check that it has the recipe's shape. Episodes are seen as
    windows of as many frames as the recipe has.

    Raises:
        InputError: the dataset does not fit the recipe.
    """
    path = path or Path(data.path)
    dataset = _opened(data, path)
    if dataset.image != data.frame.shape:
        found, expected = ("x".join(map(str, image)) for image in (dataset.image, data.frame.shape))
        raise InputError(f"{dataset.path} has frames of {found}, the recipe expects {expected}: use another dataset or recipe")
    if dataset.frames < data.frames:
        found, expected = f"{dataset.frames} frames", f"the recipe expects {data.frames}"
        raise InputError(f"{dataset.path} has sequences of {found}, {expected}: use another dataset or recipe")
    return dataset


def _opened(data: DataSection, path: Path) -> Sequences:
    if is_episodes(path):
        episodes = open_episodes(path)
        if isinstance(data, EpisodesData):
            return windows(episodes, data.frames, data.stride, seen(data, episodes), data.split)
        return windows(episodes, data.frames, data.stride if isinstance(data, GeneratedEpisodes) else data.frames)
    missing = "the recipe describes sequences of your own, give the path of a Zarr group with frames (n,T,H,W,C) uint8"
    if isinstance(data, EpisodesData):
        missing = f"make one with `keyin import SOURCE --out {path}`"
    elif isinstance(data, GeneratedData):
        missing = f"make one with `keyin gen-data {data.kind} --out {path}`"
    return open_dataset(path, missing)
