"""What every section of a recipe has in common: unknown keys are errors, values do not change."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Range = tuple[Positive, Positive]
Sized = Annotated[list[Positive], Field(min_length=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
