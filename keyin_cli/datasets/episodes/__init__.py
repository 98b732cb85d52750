"""Episodes of any length, imported from demonstrations of others; training and scoring see windows of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keyin_cli.datasets.kind import DatasetKind
from keyin_cli.recipe.data import DataSection, Frame
from keyin_cli.recipe.section import Positive

Size = Annotated[int, Field(ge=0)]


class EpisodesData(DataSection):
    """Episodes that `keyin import` made. `frames` is the length of a window, T + N of the recipe's section `window`.

    A frame is an image, or signals, or both.
    """

    kind: Literal["episodes"]
    height: Size = 0
    width: Size = 0
    channels: Size = 0
    signals: dict[str, Positive] = Field({})  # states, actions by name, and the size of each
    background: Literal["mean"] | None = None  # what images are seen as differences from: the episode's mean frame
    split: bool = True  # into training, validation and test; else every episode is in each
    stride: Positive = 5  # frames from one window to the next

    @property
    def image(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def frame(self) -> Frame:
        return Frame(*self.image, sum(self.signals.values()))

    @model_validator(mode="after")
    def _something(self) -> EpisodesData:
        if 0 in self.image and any(self.image):
            raise ValueError("height: an image needs height, width and channels, all above 0")
        if not any(self.frame):
            raise ValueError("signals: without height, width and channels there is nothing to see")
        if self.background and not any(self.image):
            raise ValueError("background: there are no images")
        return self


DATASET = DatasetKind(
    name="episodes", help="episodes of any length, made by keyin import", order=40, section=EpisodesData, pucks=True
)
