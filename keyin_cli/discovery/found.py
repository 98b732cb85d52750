"""Keyframes of episodes as a file, `keyframes.json`: what is found, exported, edited by people and imported again.

    {"source": …, "dataset": …, "fps": …, "method": …, "settings": {…},
     "episodes": [{"episode": 0, "name": …, "frames": 118, "keyframes": [12, …], "times": [1.2, …], "probability": [0.9, …]}]}

`episode` and `keyframes` are numbers of the source's own episodes and frames, `times` seconds since the episode's beginning, so
that they fit the source whatever its frames were thinned to. In what people edited only `episodes`, `episode` and `keyframes`
need to be there.
"""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from keyin_cli import storage
from keyin_cli.datasets.episodes.layout import SECONDS, SOURCE_FRAME, Episodes
from keyin_cli.errors import InputError, shown

FILE = "keyframes.json"
EVIDENCE = "evidence.safetensors"  # beside it, see `discovery.evidence`
Number = Annotated[int, Field(ge=0, lt=10**9)]


class FoundEpisode(BaseModel):
    """The keyframes of one episode.

    Attributes:
        episode: its number in the source.
        name: what it is called there.
        frames: how many frames of the source it has, up to the last that was looked at; None when nobody said.
        keyframes: increasing numbers of frames of the source.
        times: seconds of these frames since the episode's beginning; empty when nobody said.
        probability: the chance that each of them is a keyframe, 1 of methods that give none; empty when nobody said.
    """

    model_config = ConfigDict(frozen=True, strict=True)
    episode: Number
    name: str = ""
    frames: Number | None = None
    keyframes: list[Number]
    times: list[FiniteFloat] = []
    probability: list[Annotated[float, Field(ge=0, le=1)]] = []

    @model_validator(mode="after")
    def _fits(self) -> FoundEpisode:
        if any(after <= before for before, after in pairwise(self.keyframes)):
            raise ValueError("keyframes do not increase")
        if self.frames is not None and self.keyframes and self.keyframes[-1] >= self.frames:
            raise ValueError(f"keyframe {self.keyframes[-1]} is behind the last of {self.frames} frames")
        if any(given and len(given) != len(self.keyframes) for given in (self.times, self.probability)):
            raise ValueError("times and probability need one number for each keyframe")
        return self

    def seconds(self, fps: float) -> list[float]:
        """Times of the keyframes; their numbers over the rate where nobody said."""
        return self.times or [frame / fps for frame in self.keyframes]


class Found(BaseModel):
    """Keyframes of all episodes.

    Attributes:
        source: path of what was imported.
        dataset: path of the dataset that was looked at.
        fps: frames a second of the dataset.
        method: how they were found.
        settings: the price and other figures of the method.
    """

    model_config = ConfigDict(frozen=True, strict=True)
    source: str = ""
    dataset: str = ""
    fps: Annotated[float, Field(gt=0, lt=1e6)] = 10.0
    method: str = ""
    settings: dict[str, Any] = {}
    episodes: list[FoundEpisode]

    @model_validator(mode="after")
    def _unique(self) -> Found:
        numbers = [each.episode for each in self.episodes]
        if len(set(numbers)) < len(numbers):
            raise ValueError("two episodes have the same number")
        return self


def found_episode(
    episodes: Episodes, index: int, times: NDArray[np.bool_], chances: NDArray[np.float64] | None = None
) -> FoundEpisode:
    """Keyframes of an episode of a dataset in the numbers of its source.

    Args:
        times: which of the dataset's frames are keyframes (n,).
        chances: of every frame (n,), where the method has them.
    """
    numbers = episodes.episode(index, SOURCE_FRAME) if SOURCE_FRAME in episodes.group else np.arange(len(times))
    seconds = episodes.episode(index, SECONDS) if SECONDS in episodes.group else numbers / episodes.fps
    at = np.flatnonzero(times)
    return FoundEpisode(
        episode=episodes.source(index),
        name=episodes.names[index],
        frames=int(numbers[-1]) + 1,
        keyframes=numbers[at].tolist(),
        times=seconds[at].round(6).tolist(),
        probability=[1.0] * len(at) if chances is None else np.clip(chances[at], 0, 1).round(6).tolist(),
    )


def write(path: Path, found: Found) -> None:
    storage.write_json(path, found.model_dump(mode="json"))


def frame_times(episodes: Episodes, index: int, episode: FoundEpisode) -> NDArray[np.int64]:
    """Where among the dataset's frames of an episode its keyframes are, counted from 0: (k,). The frame before one that was not
    kept.

    Raises:
        InputError: a keyframe is before the episode's first frame, or so far behind its last that others would be between them;
            the frames are not in order.
    """
    if not episode.keyframes:
        return np.zeros(0, np.int64)
    length = int(episodes.lengths[index])
    numbers: NDArray[np.int64] = episodes.episode(index, SOURCE_FRAME) if SOURCE_FRAME in episodes.group else np.arange(length)
    steps = np.diff(numbers)
    if (steps < 1).any():
        raise InputError(f"{shown(episodes.path)}: {SOURCE_FRAME} does not increase inside an episode: import it again")
    behind = int(numbers[-1]) + int(steps.max(initial=1))
    for keyframe in (episode.keyframes[0], episode.keyframes[-1]):
        if not numbers[0] <= keyframe < behind:
            raise InputError(
                f"{shown(episodes.path)} has frames {numbers[0]} to {numbers[-1]} of episode {episode.episode}, not {keyframe}: "
                "give the dataset that the keyframes were found in with --data"
            )
    return np.searchsorted(numbers, episode.keyframes, side="right") - 1


def dataset_of(keyframes: Found, path: Path) -> Path:
    """The dataset that a file of keyframes names.

    Raises:
        InputError: it is not there.
    """
    if not os.path.isdir(keyframes.dataset):
        told = f"names the dataset {shown(keyframes.dataset)}, which is not there" if keyframes.dataset else "names no dataset"
        raise InputError(f"{shown(path)} {told}: give the one that the keyframes were found in with --data")
    return Path(keyframes.dataset)


def check_free(path: Path, overwrite: bool) -> None:
    """Raises:
    InputError: something is at a path that is to be written: other things than keyframes are never replaced.
    """
    if os.path.lexists(path):
        read(path)
        if not overwrite:
            raise InputError(f"{shown(path)} has keyframes already: give another --out, or --overwrite to replace it")


def read(path: Path) -> Found:
    """Keyframes that `find` or `export` wrote, or a person edited.

    Raises:
        InputError: it is something else.
    """
    return parsed(storage.read_json(path), path)


def parsed(tree: Any, path: Path) -> Found:
    """What JSON says that was read from a path.

    Raises:
        InputError: it is something else than keyframes.
    """
    try:
        return Found.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        shape = 'expected {"episodes": [{"episode": 0, "keyframes": [12, 40]}]}'
        raise InputError(
            f"{shown(path)} holds no keyframes: {where}: {first['msg'].removeprefix('Value error, ')}; {shape}"
        ) from None
