"""What training and scoring read: sequences of one length, whatever dataset they come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "val", "test")


class Sequences(Protocol):
    """`n` sequences of `frames` frames each, of the dataset at `path`. `image`: the shape of a frame, (H,W,C) uint8, or with
    signals float32 as `recipe.data.Frame.shape` has it."""

    @property
    def path(self) -> Path: ...
    @property
    def n(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def image(self) -> tuple[int, int, int]: ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a frame: uint8, or float32 with signals."""
        ...

    @property
    def attributes(self) -> dict[str, Any]:
        """What the dataset says of itself."""
        ...

    @property
    def labelled(self) -> bool:
        """Whether true keyframes are known, the array `keyframes` (n,frames) bool."""
        ...

    @property
    def sha256(self) -> str:
        """The checksum of everything that is read."""
        ...

    def indices(self, split: str) -> NDArray[np.int64]:
        """The sequences of a split (`train`, `val`, `test`) or of `all`."""
        ...

    def read(self, name: str, indices: NDArray[np.integer], length: int | None = None) -> NDArray[Any]:
        """The rows `indices` of an array, in any order and as often as they are asked for, or the first `length` entries (frames)
        of each.

        Raises:
            IndexError: an index is negative or not below `n`.
            InputError: what is asked for cannot be decoded.
        """
        ...

    def pieces(self, name: str, indices: NDArray[np.integer], length: int | None = None) -> Iterator[NDArray[Any]]:
        """What `read` gives, in pieces."""
        ...
