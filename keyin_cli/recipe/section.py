"""What every section of a recipe has in common: unknown keys are errors, values do not change."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from keyin_cli.recipe.recipe import Recipe

MOST = 10**9  # of whatever is counted
LARGEST = 2**63 - 1  # a number in arrays
LONGEST = 4000  # characters of a word

Positive = Annotated[int, Field(ge=1, le=MOST)]
Frames = Annotated[int, Field(ge=1, le=10_000)]  # of a sequence
Weight = Annotated[float, Field(ge=0)]
Range = tuple[Positive, Positive]
Sized = Annotated[list[Positive], Field(min_length=1, max_length=64)]


class Section(BaseModel):
    """A part of a recipe. Numbers are finite, yes and no are no numbers, words are one line."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, tree: Any) -> Any:
        """Refuse what the checks of types let pass."""
        given = {name: tree[name] for name in cls.model_fields if name in tree} if isinstance(tree, dict) else {}
        annotations: dict[str, Any] = {name: cls.model_fields[name].annotation for name in given}
        wrong = {name: _wrong(value, _kinds(annotations[name])) for name, value in given.items()}
        faults = [
            InitErrorDetails(type=PydanticCustomError("plain", "{what}", {"what": what}), loc=(name,), input=given[name])
            for name, what in wrong.items()
            if what
        ]
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return tree


class MethodSection(Section):
    """A section that a method adds to every recipe."""

    def problems_in(self, recipe: Recipe) -> list[str]:
        """What is wrong with it beside the other sections, each as `key: what`; nothing by default."""
        return []


def one_of(kinds: Sequence[type[Section]]) -> Any:
    """The type of a section that is one of several kinds, told apart by its key `kind`."""
    return Annotated[reduce(or_, kinds), Field(discriminator="kind")] if len(kinds) > 1 else kinds[0]


def _kinds(annotation: Any) -> frozenset[type]:
    """The plain types that a field may have, in lists too; none where it is a section, which looks at its own fields."""
    inner = [_kinds(each) for each in get_args(annotation) if not isinstance(each, str | int | None)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return frozenset({BaseModel})
    return frozenset({annotation}).union(*inner) if isinstance(annotation, type) and not inner else frozenset().union(*inner)


def _wrong(value: Any, kinds: frozenset[type]) -> str:
    """What is wrong with a value that the checks of types let pass; empty when nothing is."""
    if BaseModel in kinds:
        return ""
    if isinstance(value, list | tuple | dict):
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        return next((wrong for each in inner if (wrong := _wrong(each, kinds))), "")
    if isinstance(value, bool) and bool not in kinds and kinds & {int, float}:
        return f"expected a number, not {str(value).lower()}"
    if isinstance(value, int) and abs(value) > LARGEST:
        return f"a number beyond {LARGEST:,}"
    if isinstance(value, str) and (len(value) > LONGEST or any(unicodedata.category(each) in ("Cc", "Cs") for each in value)):
        return f"expected at most {LONGEST:,} characters, none of which is a control character"
    return ""
