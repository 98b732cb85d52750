"""A copy of a LeRobot v3.0 dataset in which the segments between keyframes are subtasks.

They are written where its users keep them: as entries of the style `subtask` in the column `language_persistent` of the frames,
and in SARM's columns of the table of episodes (see `lerobot_columns`). A keyframe is the last frame of its segment, as
`keyin import` reads it. Subtasks that the dataset has are replaced, all else is kept. No file of the copy is a link to the
original: other files are copied, where the file system can so that both share their blocks until one is changed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources import lerobot_tables as tables
from keyin_cli.datasets.sources.lerobot import LANGUAGE, Episode, LeRobot
from keyin_cli.discovery.exports import lerobot_columns as columns
from keyin_cli.discovery.exports.lerobot_columns import Subtasks
from keyin_cli.discovery.found import Found, FoundEpisode
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import track

PROPORTIONS = {prefix: f"meta/temporal_proportions_{prefix}.json" for prefix in ("sparse", "dense")}  # of SARM
FEATURE = {"dtype": "language", "shape": [1], "names": None}  # of `language_persistent` in meta/info.json
CLONE = 0x40049409  # ioctl FICLONE of Linux


def write(found: Found, folder: Path, source: Path) -> None:
    """Fill an empty folder with the copy. Episodes that `found` has not have no subtasks in it.

    Raises:
        InputError: the source is damaged, or has not these episodes and frames.
    """
    dataset = LeRobot(source)
    episodes = [dataset.episode(index) for index in range(len(dataset.names))]
    subtasks = _subtasks(found, dataset, episodes)
    frames = {episode.file for episode in episodes}
    tables_of_episodes = {tables.inside(source, _name(file, source)) for file in source.glob("meta/episodes/*/*.parquet")}
    names = [name for name in _files(source) if name not in PROPORTIONS.values()]
    with track("copying, files", len(names)) as advance:
        for name in names:
            file, target = tables.inside(source, name), folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == tables.INFO:
                _write_info(file, target)
            elif file in frames:
                columns.write_frames(file, target, subtasks)
            elif file in tables_of_episodes:
                columns.write_episodes(file, target, subtasks)
            else:
                copy(file, target)
            advance()
    if subtasks:
        for prefix, name in PROPORTIONS.items():
            (folder / name).write_text(json.dumps(columns.proportions(subtasks.values(), prefix), indent=4) + "\n")


def copy(file: Path, target: Path) -> None:
    """Copy a file's content; on btrfs, XFS and others without taking space until one of both is changed."""
    with file.open("rb") as reader, target.open("wb") as writer:
        try:
            fcntl.ioctl(writer.fileno(), CLONE, reader.fileno())
        except OSError:  # not on this file system, or not between these two
            shutil.copyfileobj(reader, writer, 2**20)


def _subtasks(found: Found, dataset: LeRobot, episodes: list[Episode]) -> dict[int, Subtasks]:
    """The subtasks of every episode that has keyframes, or of which it is said that it has none, by `episode_index`.

    Raises:
        InputError: the dataset has not such an episode or frame, or is damaged.
    """
    chosen = {}
    for each in found.episodes:
        if each.episode >= len(episodes):
            raise _another(dataset, f"has no episode {each.episode}")
        if each.name and each.name != dataset.names[each.episode]:
            raise _another(
                dataset, f"calls episode {each.episode} {dataset.names[each.episode]}, the keyframes {shown(each.name)}"
            )
        one = episodes[each.episode]
        if each.keyframes and each.keyframes[-1] >= one.length:
            raise _another(dataset, f"has {one.length} frames in episode {each.episode}, none is keyframe {each.keyframes[-1]}")
        chosen[one.index] = each
    found_in: dict[Path, list[Episode]] = {}
    for one in episodes:
        if one.index in chosen:
            found_in.setdefault(one.file, []).append(one)
    subtasks = {}
    with track("reading times, files", len(found_in)) as advance:
        for file, members in found_in.items():
            for one, times in zip(members, _times(file, members), strict=True):
                subtasks[one.index] = _between(chosen[one.index], times)
            advance()
    return subtasks


def _another(dataset: LeRobot, what: str) -> InputError:
    return InputError(f"{shown(dataset.info.root)} {what}: give the dataset that was imported with --source")


def _between(episode: FoundEpisode, times: NDArray[np.float64]) -> Subtasks:
    """The segments between keyframes of an episode with frames at some times (n,). What ends with its last frame is its end, a
    keyframe or not."""
    ends = [*(keyframe for keyframe in episode.keyframes if keyframe < len(times) - 1), len(times) - 1]
    begins = [0, *(end + 1 for end in ends[:-1])]
    return Subtasks([f"segment {i}" for i in range(1, len(ends) + 1)], begins, ends, times[begins].tolist(), times[ends].tolist())


def _times(file: Path, members: list[Episode]) -> list[NDArray[np.float64]]:
    """The stored `timestamp` (n,) of the frames of some episodes in a file, which is read once: others compare with it.

    Raises:
        InputError: the file is damaged.
    """
    held: dict[int, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = {one.index: [] for one in members}
    with tables.opened(file) as table:
        for batch in table.iter_batches(columns=[tables.EPISODE, tables.FRAME, tables.TIME], use_threads=False):
            indices, numbers = (tables.integers(batch, name, file) for name in (tables.EPISODE, tables.FRAME))
            times = tables.vectors(batch, tables.TIME, 1, file)[:, 0].astype(np.float64)
            for index in np.unique(indices).tolist():
                if index in held:
                    held[index].append((numbers[indices == index], times[indices == index]))
    found = []
    for one in members:
        numbers = np.concatenate([np.zeros(0, np.int64), *(each for each, _ in held[one.index])])
        if not np.array_equal(numbers, np.arange(one.length)) or not one.length:
            raise InputError(
                f"{one.where}: {tables.FRAME} in {file} does not count up to its length {one.length}: {tables.AGAIN}"
            )
        found.append(np.concatenate([each for _, each in held[one.index]]))
        if not np.isfinite(found[-1]).all():
            raise InputError(f"{one.where}: {tables.TIME} in {file} has values that are no numbers: {tables.AGAIN}")
    return found


def _files(root: Path) -> Iterator[str]:
    """Every file of a dataset by its path in it; hidden ones, which belong to other programs, are left out.

    Raises:
        InputError: a folder cannot be read, or is a link, whose content `keyin import` would not read either.
    """
    for place, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if links := [Path(place, name) for name in folders if Path(place, name).is_symlink()]:
            raise InputError(f"{shown(links[0])} is a link to a folder and is not followed: copy the folder into the dataset")
        yield from sorted(_name(Path(place, name), root) for name in files if not name.startswith("."))


def _unreadable(error: OSError) -> None:
    raise InputError(f"{shown(error.filename)} cannot be read ({error.strerror}): {tables.AGAIN}")


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def _write_info(file: Path, target: Path) -> None:
    """`meta/info.json` with the feature `language_persistent`; it has been read and checked before."""
    info: Mapping[str, Any] = json.loads(file.read_bytes())
    features = {**info["features"], LANGUAGE: FEATURE}
    target.write_text(json.dumps({**info, "features": features}, indent=4) + "\n")
