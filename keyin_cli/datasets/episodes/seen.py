"""What a model sees of an episode's frames: the images, or signals with or without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import FRAMES, Episodes
from keyin_cli.errors import InputError, shown

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes import EpisodesData


def parts(signal: str) -> tuple[str, range | None]:
    """Name and values of a signal: all of `action`, the values 12 … 18 of `observation.state:12:19`.

    Raises:
        InputError: what follows the name is no range.
    """
    name, colon, extent = signal.partition(":")
    if not colon:
        return name, None
    begin, _, end = extent.partition(":")
    if not (begin.isascii() and end.isascii() and begin.isdigit() and end.isdigit() and int(begin) < int(end) < 10**6):
        raise InputError(
            f"the signal {shown(signal)}: expected NAME or NAME:FROM:TO, such as {shown(name)}:0:3 for its first three values"
        )
    return name, range(int(begin), int(end))


def chosen(signal: str, episodes: Episodes) -> tuple[str, range]:
    """Name and values of a signal of a dataset.

    Raises:
        InputError: it has no such signal, or fewer values.
    """
    name, columns = parts(signal)
    size = episodes.signals.get(name)
    if size is None or (columns is not None and columns.stop > size):
        there = ", ".join(f"{each} ({count})" for each, count in episodes.signals.items()) or "none"
        raise InputError(f"{episodes.path} has no signal {shown(signal)}, it has {there}: import it again with --signals")
    return name, range(size) if columns is None else columns


@dataclass(frozen=True)
class Seen:
    """Signals, as `parts` reads them, behind `pixels` values of a frame's image (0: without images). `shape`: of a frame."""

    pixels: int
    signals: tuple[str, ...]
    shape: tuple[int, int, int]

    def read(self, episodes: Episodes, begin: int, end: int) -> NDArray[np.float32]:
        """The frames `begin` … `end - 1` (k,*shape): pixels in [0,1], then signals.

        Raises:
            InputError: they cannot be decoded, or a signal is no number.
        """
        found: list[NDArray[Any]] = []
        if self.pixels:
            found.append(episodes.read(FRAMES, begin, end).reshape(end - begin, -1) / np.float32(255))
        for signal in self.signals:
            name, columns = chosen(signal, episodes)
            found.append(values := episodes.read(f"data/{name}", begin, end)[:, columns.start : columns.stop])
            if not np.isfinite(values).all():
                raise InputError(f"{episodes.path}: the signal {name} has values that are no numbers: import it again without it")
        return np.concatenate(found, axis=1, dtype=np.float32).reshape(-1, *self.shape)


def seen(data: EpisodesData, episodes: Episodes) -> Seen | None:
    """What a recipe looks at in a dataset; None of images alone.

    Raises:
        InputError: the dataset has other images or signals than the recipe.
    """
    if data.frame.pixels and data.image != episodes.image:
        found, expected = ("x".join(map(str, image)) for image in (episodes.image, data.image))
        raise InputError(f"{episodes.path} has frames of {found}, the recipe knows {expected}: import it in that size")
    for name, size in data.signals.items():
        if (found_size := len(chosen(name, episodes)[1])) != size:
            raise InputError(f"{episodes.path} has {found_size} values of the signal {name}, the recipe knows {size}")
    return Seen(data.frame.pixels, tuple(data.signals), data.frame.shape) if data.signals else None
