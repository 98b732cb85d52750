"""The whole recipe: its sections, and what they ask of one another.

Letters in comments are the paper's: T conditioning frames, N frames to predict, M keyframes, S the largest offset between two
keyframes.

Which kinds of data and which sections of methods there are is not known here: `recipe_class` asks the registries.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, create_model, model_validator

from keyin_cli.errors import InputError
from keyin_cli.recipe.data import DataSection
from keyin_cli.recipe.model import ConstantOffsets, FreeOffsets, Model, model_section
from keyin_cli.recipe.section import Frames, MethodSection, Section, one_of
from keyin_cli.recipe.training import SEARCHED, SUMMED, Discovery, Pretrain, Soft, Train
from keyin_cli.registry import CODECS, DATASETS, METHODS

Part = TypeVar("Part", bound=Section)


class Window(Section):
    """How a sequence is cut: T conditioning frames, then N predicted ones, described by up to M keyframes at most S apart."""

    conditioning: Frames = 5  # T
    predicted: Frames = 30  # N
    keyframes: Frames = 6  # M
    max_offset: Frames = 10  # S

    @property
    def frames(self) -> int:
        """T + N."""
        return self.conditioning + self.predicted

    @model_validator(mode="after")
    def _reach(self) -> Window:
        reach = self.keyframes * self.max_offset
        if self.keyframes > self.predicted:
            raise ValueError(f"keyframes: {self.keyframes} are more than the {self.predicted} predicted frames")
        if self.predicted > reach:
            raise ValueError(f"predicted: {self.predicted} frames are out of reach of keyframes x max_offset = {reach}")
        return self


class Recipe(Section):
    """What a run is. `recipe_class()` adds the sections of the methods; `load` and `check` make recipes."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = Field(0, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"  # of matrix products in training; weights and losses are float32
    compile: bool = False  # training with torch.compile; needs a C++ compiler, on a GPU Triton
    data: DataSection
    window: Window = Window()
    model: Model
    pretrain: Pretrain = Pretrain()
    train: Train = Train()
    soft: Soft = Soft()
    discovery: Discovery = Discovery()

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        window, model, pretrain = self.window, self.model, self.pretrain
        problems = []
        if self.data.frames < window.frames:
            sum_of = f"window.conditioning + window.predicted = {window.frames}"
            problems.append(f"data.frames: {self.data.frames} frames are shorter than {sum_of}")
        if pretrain.lengths[1] > window.max_offset:
            problems.append(f"pretrain.lengths: {pretrain.lengths[1]} frames exceed window.max_offset = {window.max_offset}")
        if isinstance(model.offsets, ConstantOffsets) and model.offsets.offset > window.max_offset:
            exceeded = f"exceed window.max_offset = {window.max_offset}"
            problems.append(f"model.offsets.offset: {model.offsets.offset} frames {exceeded}")
        if not isinstance(model.offsets, FreeOffsets) and any(phase.objective in SEARCHED for phase in self.train.phases):
            problems.append(f"train: only free offsets learn by the objectives {' and '.join(SEARCHED)}")
        if abs(self.discovery.shift) >= window.predicted:
            problems.append(f"discovery.shift: {self.discovery.shift} frames leave none of the {window.predicted} predicted ones")
        if self.discovery.shift > 0 and any(phase.objective in SUMMED for phase in self.train.phases):
            problems.append(f"discovery.shift: 0 or negative with the objectives {' and '.join(SUMMED)}")
        if self.data.frame.pixels * (self.data.frame.signals == 0) == 0 and CODECS.get(model.codec.kind).components is None:
            problems.append("model.codec.kind: only the codec components reads signals")
        problems += [f"model.codec.{problem}" for problem in model.codec.problems(self.data.frame)]
        problems += [f"{name}.{problem}" for name, section in self.sections() for problem in section.problems_in(self)]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles hold the values: the class of recipes is made anew in every process."""
        return _from_values, (self.model_dump(mode="json"),)

    def sections(self) -> Iterator[tuple[str, MethodSection]]:
        """Name and value of every section that a method has added."""
        for name in type(self).model_fields:
            if isinstance(value := getattr(self, name), MethodSection):
                yield name, value

    def section(self, kind: type[Part]) -> Part:
        """The section that a method has added, by its class.

        Raises:
            LookupError: no method of the registry has it.
        """
        for _, value in self.sections():
            if isinstance(value, kind):
                return value
        raise LookupError(f"no section {kind.__name__} in a {type(self).__name__}")


@lru_cache(maxsize=1)
def recipe_class() -> type[Recipe]:
    """The recipe with all kinds of data and codecs that can be used, and the sections of all methods that are installed.

    Raises:
        InputError: a method cannot be loaded, or adds a section that there is already.
    """
    kinds = {name: kind.section for name, kind in DATASETS.usable().items()}
    data, first = one_of(list(kinds.values())), kinds.get(next(iter(DATASETS.cards)))  # never another default than the first
    model = model_section()
    sections: dict[str, type[MethodSection]] = {}
    for name, card in METHODS.cards.items():
        for key, section in METHODS.get(name).sections.items() if "sections" in card.given else ():
            if key in Recipe.model_fields or sections.get(key, section) is not section:
                raise InputError(f"method {name} of {card.module} adds a section {key}, which there is already: rename it")
            sections[key] = section
    fields: dict[str, Any] = {name: (section, _default(section)) for name, section in sections.items()}
    fields["data"] = data, _default(first) if first else ...
    fields["model"] = model, Field(default_factory=model)  # which fails where the first codec cannot be used
    return create_model("Recipe", __base__=Recipe, __doc__=Recipe.__doc__, **fields)


def _from_values(values: dict[str, Any]) -> Recipe:
    return recipe_class().model_validate(values)


def _default(section: type[Section]) -> Any:
    """A section with its defaults; required where a key has none."""
    try:
        return section()
    except ValidationError:
        return ...
