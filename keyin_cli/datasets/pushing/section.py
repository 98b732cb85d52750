"""The data section of a recipe of the pushing world."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keyin_cli.recipe.data import GeneratedData
from keyin_cli.recipe.section import Positive


class PushingData(GeneratedData):
    """An arm pushes a puck around a wall to a goal, in MuJoCo. The world itself is fixed, see model.xml."""

    kind: Literal["pushing"] = "pushing"
    path: str = "artifacts/data/pushing.zarr"
    frames: int = Field(31, ge=2, le=10_000)
    size: int = Field(64, ge=16, le=512)
    pushes: Positive = 6
    push_frames: tuple[Annotated[int, Field(ge=4)], Annotated[int, Field(ge=4)]] = (4, 6)  # fewer leave no time to push

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
