"""Sections that say what the sequences are. Letters in comments are the paper's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keyin_cli.recipe.section import Positive, Range, Section


class Split(Section):
    """Shares of the sequences; a sequence's split depends on (seed, index) alone. The rest is for testing."""

    train: float = Field(0.9, ge=0, le=1)
    val: float = Field(0.05, ge=0, le=1)

    @model_validator(mode="after")
    def _shares(self) -> Split:
        if self.train + self.val > 1:
            raise ValueError(f"train: train + val is {self.train + self.val:g}, more than 1")
        return self


class BrownianData(Section):
    """Structured Brownian motion: a ball that flies straight and turns now and then. Lengths in px, speed in px per frame."""

    kind: Literal["brownian"] = "brownian"
    path: str = "artifacts/data/brownian.zarr"
    n: Positive = 50_000
    seed: int = Field(0, ge=0)
    frames: int = Field(35, ge=2)
    size: int = Field(32, ge=8)
    radius: float = Field(1.6, gt=0)
    speed: float = Field(1.6, gt=0)
    margin: float = Field(2.6, ge=0)
    first_change: Range = (1, 8)
    segment: Range = (6, 8)
    min_turn: float = Field(30.0, ge=0, le=44)  # degrees; more could leave a ball in a corner without a heading
    split: Split = Split()

    @property
    def image(self) -> tuple[int, int, int]:
        return self.size, self.size, 1

    @model_validator(mode="after")
    def _consistent(self) -> BrownianData:
        problems = []
        for name in ("first_change", "segment"):
            low, high = getattr(self, name)
            if low > high:
                problems.append(f"{name}: {low} to {high} is empty")
        longest = max(self.first_change[1], self.segment[1])
        room = (self.size - 2 * self.margin) / 2
        if longest * self.speed > room:
            problems.append(
                f"speed: {longest} frames at {self.speed:g} px can leave the frame; at most {room / longest:.2f} fits"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self


class PushingData(Section):
    """An arm pushes a puck around a wall to a goal, in MuJoCo (data/pushing). The world itself is fixed, see its model.xml."""

    kind: Literal["pushing"] = "pushing"
    path: str = "artifacts/data/pushing.zarr"
    n: Positive = 50_000
    seed: int = Field(0, ge=0)
    frames: int = Field(31, ge=2)
    size: int = Field(64, ge=16, le=512)
    pushes: Positive = 6
    push_frames: tuple[Annotated[int, Field(ge=4)], Annotated[int, Field(ge=4)]] = (4, 6)  # fewer leave no time to push
    split: Split = Split()

    @property
    def image(self) -> tuple[int, int, int]:
        return self.size, self.size, 3

    @model_validator(mode="after")
    def _consistent(self) -> PushingData:
        low, high = self.push_frames
        if low > high:
            raise ValueError(f"push_frames: {low} to {high} is empty")
        if self.pushes * low >= self.frames:
            raise ValueError(f"frames: {self.pushes} pushes of {low} frames or more do not fit into {self.frames}")
        return self


class ZarrData(Section):
    """Your own sequences: a Zarr dataset of the documented layout (docs/own-data.md)."""

    kind: Literal["zarr"]
    path: str
    frames: int = Field(ge=2)
    height: Positive
    width: Positive
    channels: Positive

    @property
    def image(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


Generated = BrownianData | PushingData
Data = Annotated[BrownianData | PushingData | ZarrData, Field(discriminator="kind")]
