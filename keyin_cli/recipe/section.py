"""What every section of a recipe has in common: unknown keys are errors, values do not change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from keyin_cli.recipe.recipe import Recipe

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]
Range = tuple[Positive, Positive]
Sized = Annotated[list[Positive], Field(min_length=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MethodSection(Section):
    """A section that a method adds to every recipe."""

    def problems_in(self, recipe: Recipe) -> list[str]:
        """What is wrong with it beside the other sections, each as `key: what`; nothing by default."""
        return []


def one_of(kinds: Sequence[type[Section]]) -> Any:
    """The type of a section that is one of several kinds, told apart by its key `kind`."""
    return Annotated[reduce(or_, kinds), Field(discriminator="kind")] if len(kinds) > 1 else kinds[0]
