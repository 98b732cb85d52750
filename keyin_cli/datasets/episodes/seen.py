"""What a model sees of an episode's frames: the images, or signals with or without them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.background import difference, mean_frame, restored
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
    digits = len(extent) < 20 and begin.isascii() and end.isascii() and begin.isdigit() and end.isdigit()
    if not (digits and int(begin) < int(end) < 10**6):
        raise InputError(
            f"the signal {shown(signal):.40}: expected NAME or NAME:FROM:TO, "
            f"such as {shown(name):.40}:0:3 for its first three values"
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
    """Of a frame its image, `pixels` values (0: without images), or its difference from the episode's mean frame (`background`),
    and behind it signals, as `parts` reads them. `shape`: of a frame."""

    pixels: int
    signals: tuple[str, ...]
    shape: tuple[int, int, int]
    background: bool = False
    means: dict[int, NDArray[np.float32]] = field(default_factory=dict, compare=False, repr=False)  # of episodes

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32 if self.signals else np.uint8)

    def read(self, episodes: Episodes, begin: int, end: int) -> NDArray[Any]:
        """The frames `begin` … `end - 1`, counted over all episodes: (k,*shape) uint8; with signals float32, pixels in [0,1].

        Raises:
            InputError: they cannot be decoded, or a signal is no number.
        """
        images = self._images(episodes, begin, end) if self.pixels else None
        if images is not None and not self.signals:
            return images
        found: list[NDArray[Any]] = [] if images is None else [images.reshape(end - begin, -1) / np.float32(255)]
        for signal in self.signals:
            name, columns = chosen(signal, episodes)
            found.append(values := episodes.read(f"data/{name}", begin, end)[:, columns.start : columns.stop])
            if not np.isfinite(values).all():
                raise InputError(f"{episodes.path}: the signal {name} has values that are no numbers: import it again without it")
        return np.concatenate(found, axis=1, dtype=np.float32).reshape(-1, *self.shape)

    def mean(self, episodes: Episodes, index: int) -> NDArray[np.float32]:
        """The mean frame of an episode, which is found once."""
        if index not in self.means:
            self.means[index] = mean_frame(episodes, index)
        return self.means[index]

    def shown(self, episodes: Episodes, index: int, drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Images (…,H,W,C) that people can look at, of drawn ones of an episode."""
        return restored(drawn, self.mean(episodes, index)) if self.background else drawn

    def _images(self, episodes: Episodes, begin: int, end: int) -> NDArray[np.uint8]:
        frames: NDArray[np.uint8] = episodes.read(FRAMES, begin, end)
        if self.background:
            owners = np.searchsorted(episodes.ends, np.arange(begin, end), side="right")
            for index in np.unique(owners).tolist():
                of = owners == index
                frames[of] = difference(frames[of], self.mean(episodes, index))
        return frames


def seen(data: EpisodesData, episodes: Episodes) -> Seen | None:
    """What a recipe looks at in a dataset; None of images as they are.

    Raises:
        InputError: the dataset has other images or signals than the recipe.
    """
    if data.frame.pixels and data.image != episodes.image:
        found, expected = ("x".join(map(str, image)) for image in (episodes.image, data.image))
        raise InputError(f"{episodes.path} has frames of {found}, the recipe knows {expected}: import it in that size")
    for name, size in data.signals.items():
        if (found_size := len(chosen(name, episodes)[1])) != size:
            raise InputError(f"{episodes.path} has {found_size} values of the signal {name}, the recipe knows {size}")
    if not data.signals and not data.background:
        return None
    return Seen(data.frame.pixels, tuple(data.signals), data.frame.shape, data.background is not None)
