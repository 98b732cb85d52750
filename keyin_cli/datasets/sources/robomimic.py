"""robomimic's HDF5 files: what robosuite, MimicGen and LIBERO record too.

    data                       group; its attribute env_args is JSON, in which env_kwargs.control_freq is the rate
    data/demo_<i>/obs/*_image  (n,H,W,3) uint8: cameras, as is anything else there that is uint8 of 4 dimensions
    data/demo_<i>/obs/*        (n,D) or (n,) numbers: signals
    data/demo_<i>/actions      (n,D): a signal

Cameras and signals are called by their path in the demonstration, `obs/agentview_image`. Without a rate it is 20 a second, the
default of robosuite and with it of robomimic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources import arrays, hdf5
from keyin_cli.datasets.sources.source import Piece, SourceKind, Wanted
from keyin_cli.errors import InputError

DEMO = re.compile("demo_([0-9]{1,18})")
TOPS = ("obs", "actions")  # of a demonstration, the members that are looked into
FPS = 20.0


@dataclass
class Recordings:
    """Episodes that are groups of one HDF5 file, all with the datasets of the first (see `source.Source`).

    Attributes:
        path: of the file.
        root: the path of the group of all episodes, with a `/` behind it; empty where it is the file.
        names: of the episodes' groups.
        cameras, signals: paths from an episode's group.
        fps: frames a second.
        short: rows that a signal may lack at its end; its last one is repeated.
    """

    path: Path
    root: str
    names: Sequence[str]
    cameras: Sequence[str]
    signals: Sequence[str]
    fps: float
    short: int = 0

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        """See `source.Source`."""
        camera, where = wanted.camera or self.cameras[0], f"{self.path}: {self.names[episode]}"
        with hdf5.opened(self.path) as file:
            group, first = (hdf5.member(file, f"{self.root}{self.names[i]}", self.path) for i in (episode, 0))
            images = hdf5.safe(group, camera, where)
            white = arrays.white_of(hdf5.safe(first, camera, self.path), f"{camera} of {self.path}")
            signals = {
                name: self._signal(hdf5.safe(group, name, where), len(images), f"{name} of {where}") for name in wanted.signals
            }
            yield from arrays.stream(images, signals, (0, len(images)), self.fps, white, where)

    def labels(self, episode: int) -> NDArray[np.int64] | None:
        """None: nothing says which frames are keyframes."""
        return None

    def _signal(self, dataset: Any, count: int, where: str) -> Any:
        """A dataset of as many rows as there are frames.

        Raises:
            InputError: it has too few or too many.
        """
        if not len(dataset) <= count <= len(dataset) + self.short or not len(dataset):
            raise InputError(f"{where} has {len(dataset)} rows for {count} frames: leave it out")
        return dataset if len(dataset) == count else Lengthened(dataset, count)


class Lengthened:
    """A dataset with its last row repeated until there are `count`."""

    def __init__(self, dataset: Any, count: int) -> None:
        self.dataset, self.dtype, self.shape = dataset, dataset.dtype, (count, *dataset.shape[1:])

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        there, last = np.asarray(self.dataset[rows]), np.asarray(self.dataset[-1:])
        return np.concatenate([there, np.repeat(last, rows.stop - rows.start - len(there), axis=0)])


def recordings(
    path: Path, file: Any, root: str, names: Sequence[str], tops: Sequence[str], fps: float, short: int = 0
) -> Recordings:
    """What the first episode of a file tells; `names` of all, at least one, `tops` the members of it that are looked into.

    Raises:
        InputError: it has no images.
    """
    where = f"{path}: {names[0]}"
    found = members(hdf5.member(file, f"{root}{names[0]}", path), tops, where)
    cameras = [name for name, dataset in found.items() if is_camera(name, dataset)]
    signals = [name for name, dataset in found.items() if arrays.is_signal(dataset.dtype, len(dataset.shape or ()))]
    if not cameras:
        raise InputError(
            f"{where} has no images: expected uint8 (frames,height,width,3) in {tops[0]}, import a file that has them"
        )
    return Recordings(path, root, names, cameras, signals, fps, short)


def members(group: Any, tops: Sequence[str], where: object) -> dict[str, Any]:
    """The datasets at and below some members of a group, by their path from it.

    Raises:
        InputError: a link is among them, see `hdf5.member`; a name cannot be shown.
    """
    import h5py

    found: dict[str, Any] = {}
    waiting, seen = [*reversed(tops)], set()
    while waiting:
        path = waiting.pop()
        thing = hdf5.member(group, path, where)
        if isinstance(thing, h5py.Dataset):
            found[path] = thing
        elif isinstance(thing, h5py.Group) and (address := h5py.h5o.get_info(thing.id).addr) not in seen:
            seen.add(address)  # a group can be inside itself
            waiting += [f"{path}/{arrays.plain(name, where)}" for name in thing][::-1]
    return found


def is_camera(name: str, dataset: Any) -> bool:
    """Whether a dataset has images, as far as its name, type and dimensions tell."""
    images = dataset.dtype.kind in "uif" and len(dataset.shape or ()) == 4
    return images and (dataset.dtype == np.uint8 or name.endswith("_image"))


def open_robomimic(path: Path) -> Recordings:
    """Open a file.

    Raises:
        InputError: it is damaged, or has no demonstrations, no images or no usable rate.
    """
    with hdf5.opened(path) as file:
        if not _has_demos(file):
            raise InputError(f"{path} has no groups data/demo_0 and so on: give a file of robomimic, or another --format")
        data = hdf5.member(file, "data", path)
        return recordings(path, file, "data/", hdf5.numbered(data, DEMO), TOPS, rate(data, path))


def rate(data: Any, path: Path) -> float:
    """Frames a second that the group of all demonstrations tells, `FPS` where it tells none.

    Raises:
        InputError: what it tells is none.
    """
    told = data.attrs.get("env_args")
    args = arrays.json_of(told, f"attribute env_args of {path}") if told is not None else None
    kwargs = args.get("env_kwargs") if isinstance(args, dict) else None
    frequency = kwargs.get("control_freq") if isinstance(kwargs, dict) else None
    return FPS if frequency is None else arrays.checked_rate(frequency, f"control_freq of {path}")


def _has_demos(file: Any) -> bool:
    data = hdf5.member(file, "data", file.filename)
    return hasattr(data, "keys") and any(DEMO.fullmatch(name) for name in data)


SOURCE = SourceKind(
    name="robomimic",
    help="an HDF5 file of robomimic, robosuite or LIBERO with images",
    order=30,
    recognises=lambda path: hdf5.looks_like(path, _has_demos),
    open=open_robomimic,
)
