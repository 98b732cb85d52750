"""The replay buffer of diffusion_policy and those who took it over: a Zarr group, as a directory or `.zip`, of Zarr 2 or 3.

    data/<key>         (total,…): all episodes, one after another; images (total,H,W,C) with C 1, 3 or 4, uint8 or floats in [0,1]
                       or [0,255], are cameras, numbers (total,) or (total,D) signals
    data/keyframes     (total,) bool: labels; optional
    meta/episode_ends  (n,) integers, where each episode ends

The rate is the group's attribute `fps`, 10 a second without it. What is read, and what is not, `datasets.groups` says: images in
JPEG XL, as UMI has them, are not.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.sources import arrays
from keyin_cli.datasets.sources.source import Piece, SourceKind, Wanted
from keyin_cli.errors import InputError, shown

if TYPE_CHECKING:
    from keyin_cli.datasets.groups.headers import Header

ENDS, KEYFRAMES = "meta/episode_ends", "keyframes"
METADATA = (".zarray", "zarr.json")
FPS = 10.0


class ReplayBuffer:
    """Episodes in a Zarr group (see `source.Source`)."""

    def __init__(self, path: Path) -> None:
        """Read the metadata of all arrays, and where episodes end.

        Raises:
            InputError: it is damaged, or in another layout.
        """
        from keyin_cli.datasets.groups.group import Group  # Zarr takes a second, which other formats should not wait for

        self.path, self.group, where = path, Group(path), shown(path)
        ends = self.group.header(ENDS)
        if ends is None:
            raise InputError(f"{where} has no array {ENDS}: give a replay buffer of diffusion_policy, or another --format")
        if len(ends.shape) != 1 or ends.shape[0] > arrays.MOST:
            raise InputError(f"{ENDS} of {where} is {ends.shape}, expected at most {arrays.MOST} integers (episodes,): mend it")
        with arrays.decoding(where):
            self.spans = arrays.spans(np.asarray(self.group.array(ENDS)[:]), f"{ENDS} of {where}")
        names = self.group.names("data")
        self.arrays = {name: array for name in names if (array := self.group.header(f"data/{name}"))}
        self.names: Sequence[str] = [f"episode {i}" for i in range(len(self.spans))]
        self.cameras: Sequence[str] = [name for name, array in self.arrays.items() if _is_camera(array)]
        self.signals: Sequence[str] = [
            name for name, array in self.arrays.items() if name != KEYFRAMES and arrays.is_signal(array.dtype, len(array.shape))
        ]
        self.fps = _rate(self.group.attributes, where)
        labels, self.total = self.arrays.get(KEYFRAMES), self.spans[-1][1] if self.spans else 0
        if not self.cameras:
            raise InputError(
                f"{where} has no images: expected uint8 or floats (total,height,width,3) in data, import one that has"
            )
        if labels and (labels.dtype != np.bool_ or len(labels.shape) != 1 or labels.shape[0] < self.total):
            what = f"data/{KEYFRAMES} of {where} is {labels.shape} {labels.dtype}"
            raise InputError(f"{what}, expected ({self.total},) bool: mend or remove it")

    def read(self, episode: int, wanted: Wanted) -> Iterator[Piece]:
        """See `source.Source`."""
        camera = wanted.camera or self.cameras[0]
        where = f"{shown(self.path)}: {self.names[episode]}"
        with arrays.decoding(where):
            arrays.checked_images(self.arrays[camera], f"{camera} of {where}")
            images = self.group.array(f"data/{camera}", self.total)  # no chunk of images is left out because it is black
            signals = {name: self.group.array(f"data/{name}") for name in wanted.signals}
            white = arrays.white_of(images, f"{camera} of {where}")
            yield from arrays.stream(images, signals, self.spans[episode], self.fps, white, where)

    def labels(self, episode: int) -> NDArray[np.int64] | None:
        """See `source.Source`."""
        if KEYFRAMES not in self.arrays:
            return None
        with arrays.decoding(f"{KEYFRAMES} of {shown(self.path)}: {self.names[episode]}"):
            found: Any = self.group.array(f"data/{KEYFRAMES}")[slice(*self.spans[episode])]
            return np.flatnonzero(found)


def _is_camera(array: Header) -> bool:
    return len(array.shape) == 4 and array.shape[3] in (1, 3, 4) and (array.dtype == np.uint8 or array.dtype.kind == "f")


def _rate(attributes: dict[str, Any], where: str) -> float:
    """Frames a second that the attributes of the group tell, `FPS` where they tell none.

    Raises:
        InputError: what they tell is none.
    """
    told = attributes.get("fps")
    return FPS if told is None else arrays.checked_rate(told, f"fps of {where}")


def _recognises(path: Path) -> bool:
    files = {f"{ENDS}/{name}" for name in METADATA}
    if path.suffix.lower() != ".zip" or not os.path.isfile(path):
        return any(os.path.isfile(path / file) for file in files)
    try:
        with arrays.decoding(path), zipfile.ZipFile(path) as archive:
            return not files.isdisjoint(archive.namelist())
    except InputError:
        return False


SOURCE = SourceKind(
    name="replay-buffer",
    help="a Zarr replay buffer of diffusion_policy, a directory or .zip",
    order=60,
    recognises=_recognises,
    open=ReplayBuffer,
)
