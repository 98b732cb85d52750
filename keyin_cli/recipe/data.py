"""What the data section of every recipe says, whatever the kind of its dataset. The kinds are in `keyin_cli.datasets`."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NamedTuple

from pydantic import Field, model_validator

from keyin_cli.recipe.section import LARGEST, Section


class Split(Section):
    """Shares of the sequences; a sequence's split depends on (seed, index) alone. The rest is for testing."""

    train: float = Field(0.9, ge=0, le=1)
    val: float = Field(0.05, ge=0, le=1)

    @model_validator(mode="after")
    def _shares(self) -> Split:
        if self.train + self.val > 1:
            raise ValueError(f"train: train + val is {self.train + self.val:g}, more than 1")
        return self


class Frame(NamedTuple):
    """What a frame is: an image of this height, width and colour channels, 0 where there is none, and so many signals, the
    numbers that were recorded with it."""

    height: int
    width: int
    channels: int
    signals: int = 0

    @property
    def image(self) -> tuple[int, int, int]:
        return self[:3]

    @property
    def pixels(self) -> int:
        """H·W·C."""
        return math.prod(self.image)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the array of a frame: (H,W,C) uint8, with signals (1,1,H·W·C + D) float32: pixels in [0,1], then signals."""
        return (1, 1, self.pixels + self.signals) if self.signals else self.image


class DataSection(Section):
    """A dataset: its kind, where it lies, and the shape of its sequences."""

    kind: str
    path: str
    frames: int = Field(ge=2, le=10_000)

    @property
    @abstractmethod
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels of a frame's image."""

    @property
    def frame(self) -> Frame:
        """What a frame is."""
        return Frame(*self.image)


class GeneratedData(DataSection):
    """A dataset that `keyin gen-data` makes. Sequence i depends on (seed, i) alone."""

    n: int = Field(50_000, ge=1, le=10_000_000)  # what can be read again
    seed: int = Field(0, ge=0, le=LARGEST)
    split: Split = Split()


class GeneratedEpisodes(GeneratedData):
    """Episodes of any length that `keyin gen-data` makes. Episode i depends on (seed, i) alone; `frames` is the length of the
    windows of them that a model is trained on, one every `stride` frames, which changes nothing in the dataset."""

    frames: int = Field(35, ge=2, le=10_000)
    stride: int = Field(5, ge=1, le=10_000)
    n: int = Field(60, ge=1, le=100_000)
    split: Split = Split(train=0.8, val=0.1)
