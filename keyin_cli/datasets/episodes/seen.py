"""What a model sees of an episode's frames: the images, or signals with or without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import FRAMES, Episodes
from keyin_cli.errors import InputError

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes import EpisodesData


@dataclass(frozen=True)
class Seen:
    """Signals by name, behind `pixels` values of a frame's image (0: without images). `shape` is that of a frame."""

    pixels: int
    signals: tuple[str, ...]
    shape: tuple[int, int, int]

    def read(self, episodes: Episodes, begin: int, end: int) -> NDArray[np.float32]:
        """The frames `begin` … `end - 1` (k,*shape): pixels in [0,1], then signals.

        Raises:
            InputError: they cannot be decoded, or a signal is no number.
        """
        parts: list[NDArray[Any]] = [episodes.read(f"data/{name}", begin, end) for name in self.signals]
        for name, values in zip(self.signals, parts, strict=True):
            if not np.isfinite(values).all():
                raise InputError(f"{episodes.path}: the signal {name} has values that are no numbers: import it again without it")
        if self.pixels:
            parts.insert(0, episodes.read(FRAMES, begin, end).reshape(end - begin, -1) / np.float32(255))
        return np.concatenate(parts, axis=1, dtype=np.float32).reshape(-1, *self.shape)


def seen(data: EpisodesData, episodes: Episodes) -> Seen | None:
    """What a recipe looks at in a dataset; None of images alone.

    Raises:
        InputError: the dataset has other images or signals than the recipe.
    """
    if data.frame.pixels and data.image != episodes.image:
        found, expected = ("x".join(map(str, image)) for image in (episodes.image, data.image))
        raise InputError(f"{episodes.path} has frames of {found}, the recipe knows {expected}: import it in that size")
    for name, size in data.signals.items():
        if episodes.signals.get(name) != size:
            there = ", ".join(f"{each} ({count})" for each, count in episodes.signals.items()) or "none"
            raise InputError(f"{episodes.path} has no signal {name} of {size} values, which the recipe knows: it has {there}")
    return Seen(data.frame.pixels, tuple(data.signals), data.frame.shape) if data.signals else None
