"""Episodes of any length, imported from demonstrations of others; training and scoring see windows of them."""

from __future__ import annotations

from typing import Literal

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.recipe.data import DataSection
from keyin_cli.recipe.section import Positive


class EpisodesData(DataSection):
    """Episodes that `keyin import` made. `frames` is the length of a window, T + N of the recipe's section `window`."""

    kind: Literal["episodes"]
    height: Positive
    width: Positive
    channels: Positive
    stride: Positive = 5  # frames from one window to the next

    @property
    def image(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


DATASET = DatasetKind(
    name="episodes", help="episodes of any length, made by keyin import", order=40, section=EpisodesData, pucks=True
)
