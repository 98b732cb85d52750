"""Labels of people, in place of those that a source has: a dataset gets them without its frames being read again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from keyin_cli import storage
from keyin_cli.datasets.episodes.layout import KEYFRAMES, SOURCE_FRAME, Episodes, open_episodes
from keyin_cli.datasets.episodes.writer import CHUNK, WHOLE
from keyin_cli.datasets.shards import checksum
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import say
from keyin_cli.recipe import digest


@dataclass(frozen=True)
class Labels:
    """What a file says.

    Attributes:
        path: the file.
        sha256: of its content.
        keyframes: numbers of the source's frames, in order, by number of the source's episode.
        events: of those among them of which it says so, what happens there, by number of the frame, by episode.
    """

    path: Path
    sha256: str
    keyframes: Mapping[int, Sequence[int]]
    events: Mapping[int, Mapping[int, str]] = field(default_factory=dict)


def marked(numbers: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the frames that are kept are keyframes (n,). A label of a frame that is not kept becomes that of the next one
    that is.

    Args:
        numbers: of the frames that are kept in the source's episode (n,), increasing.
        labels: of frames (k,), increasing.
    """
    return np.diff(np.searchsorted(labels, numbers, side="right"), prepend=0) > 0


def named(numbers: NDArray[np.int64], events: Mapping[int, str]) -> list[dict[str, Any]]:
    """The events of an episode as a dataset records them, [{"frame": 17, "name": "grasp the cube"}, …]. Their frames are those
    that are kept, see `marked`; what has come into one frame is one event.

    Args:
        numbers: of the frames that are kept in the source's episode (n,), increasing.
        events: what happens, by number of the source's frame.
    """
    found: dict[int, str] = {}
    for number, name in sorted(events.items()):
        frame = int(np.searchsorted(numbers, number))
        if frame < len(numbers):
            found[frame] = f"{found[frame]}, {name}" if frame in found else name
    return [{"frame": frame, "name": name} for frame, name in found.items()]


def check_episodes(labels: Labels, there: int, taken: Sequence[int], source: Path) -> None:
    """Whether labels belong to a source, before it is read.

    Args:
        there: episodes that the source has.
        taken: the numbers of those that are imported. Labels of others are passed over.

    Raises:
        InputError: they name an episode that the source does not have, or none that is imported.
    """
    if beyond := [number for number in labels.keyframes if number >= there]:
        has = f"has the episodes 0 to {there - 1}" if there > 1 else "has episode 0 alone"
        raise InputError(f"{shown(labels.path)} has keyframes of episode {beyond[0]}, {shown(source)} {has}: correct the file")
    if not set(taken) & set(labels.keyframes):
        raise InputError(f"{shown(labels.path)} has none of the episodes that are imported: give the labels of {shown(source)}")


def relabelled(episodes: Episodes, labels: Labels) -> Episodes:
    """The dataset with the labels of a file instead of those that it has; episodes that the file has not have no keyframes.

    It is made beside the old one, whose other files it takes over, and put in its place as a whole.

    Raises:
        InputError: a label is behind its episode's last frame.
    """
    told = {"path": storage.from_here(labels.path), "sha256": labels.sha256}
    before = episodes.attributes.get("labels")
    if isinstance(before, dict) and before.get("sha256") == labels.sha256:
        say(f"{shown(episodes.path)}: has the labels of {shown(labels.path)} already")
        return episodes
    values, events = _values(episodes, labels), _events(episodes, labels)

    def write(beside: Path) -> None:
        _take_over(episodes.path, beside)
        group = zarr.open_group(beside, mode="a", zarr_format=3)
        codec = ZstdCodec(level=3, checksum=True)
        group.create_array(KEYFRAMES, data=np.concatenate(values), chunks=(CHUNK,), compressors=codec, config=WHOLE)
        records = [
            {**_without_events(record), "sha256": {**record["sha256"], KEYFRAMES: checksum(each)}, **there}
            for record, each, there in zip(episodes.records, values, events, strict=True)
        ]
        sums = digest([record["sha256"] for record in records])
        group.attrs.put({**episodes.attributes, "episodes": records, "sha256": sums, "labels": told})

    storage.replace(episodes.path.resolve(), write)
    count = sum(record["source"] in labels.keyframes for record in episodes.records)
    others = f", the other {episodes.n - count:,} have no keyframes" if count < episodes.n else ""
    say(f"{shown(labels.path)}: {sum(map(np.sum, values)):,} keyframes of {count:,} episodes{others}")
    return open_episodes(episodes.path)


def _values(episodes: Episodes, labels: Labels) -> list[NDArray[np.bool_]]:
    """The labels (n,) of every episode.

    Raises:
        InputError: one is behind its episode's last frame.
    """
    found, late = [], 0
    for index, numbers in enumerate(np.split(episodes.read(SOURCE_FRAME, 0, episodes.total), episodes.ends[:-1])):
        keyframes = np.unique(np.array(labels.keyframes.get(episodes.source(index), ()), dtype=np.int64))
        behind = int(numbers[-1]) + int(np.diff(numbers).max(initial=1))  # how many frames were left out at the end nobody knows
        if len(keyframes) and keyframes[-1] >= behind:
            where = f"episode {episodes.source(index)}, whose last frame in {shown(episodes.path)} is {numbers[-1]}"
            raise InputError(
                f"{shown(labels.path)} has keyframe {keyframes[-1]} of {where}: correct the file, and run this again"
            )
        late += int((keyframes > numbers[-1]).sum())
        found.append(marked(numbers, keyframes))
    if late:
        say(f"{late} keyframes behind the last frame that is kept of their episodes are left out")
    return found


def _events(episodes: Episodes, labels: Labels) -> list[dict[str, Any]]:
    """What a record says of an episode's events (n,): nothing where the labels have no names."""
    if not labels.events:
        return [{} for _ in range(episodes.n)]
    numbers = np.split(episodes.read(SOURCE_FRAME, 0, episodes.total), episodes.ends[:-1])
    return [{"events": named(each, labels.events.get(episodes.source(index), {}))} for index, each in enumerate(numbers)]


def _without_events(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the events of labels that are replaced."""
    return {key: value for key, value in record.items() if key != "events"}


def _take_over(folder: Path, to: Path) -> None:
    """Everything of a dataset but its labels, in a new folder: links to the same files, which are never changed, but copies of
    what is to be changed."""
    labels = folder.joinpath(*KEYFRAMES.split("/"))
    to.mkdir()
    for file in folder.rglob("*"):
        if file.is_relative_to(labels) or file.name.endswith(".partial"):
            continue
        there = to / file.relative_to(folder)
        if file.is_dir():
            there.mkdir(parents=True, exist_ok=True)
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        if file.name == "zarr.json":
            shutil.copyfile(file, there)
        else:
            os.link(file, there)  # Zarr needs a file system that has links, too
