"""A benchmark's tables as `table.json` has them. They may come from others, so everything is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from keyin_cli import storage
from keyin_cli.errors import InputError, shown

TABLE, MARKDOWN, PICTURE, KIND = "table.json", "table.md", "reconstruction.png", "benchmark"
GIVEN, OWN = "given", "own"  # who says how many keyframes there are: the labels, or the method
NUMBERS = (GIVEN, OWN)
UNIFORM, RANDOM = "uniform", "random"
CHANCE = (UNIFORM, RANDOM)  # rows of every table: no method has their names
OPTIMUM, EVENTS = "optimum", "events"  # rows of reconstructions: the best keyframes there are, and the true ones
REFERENCES = (OPTIMUM, EVENTS)  # which are names of no method, either
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=200)]  # it is that of a folder, too
Text = Annotated[str, Field(max_length=4096)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Part = Literal["pixels", "signals"]
Number = Literal["given", "own"]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Score(Strict):
    """A figure, and its 95 % interval over episodes."""

    value: FiniteFloat
    ci95: list[FiniteFloat] = Field(min_length=2, max_length=2)

    @model_validator(mode="after")
    def _in_order(self) -> Score:
        if self.ci95[0] > self.ci95[1]:
            raise ValueError("the ends of an interval are in the wrong order")
        return self


class Difference(Score):
    """F1 within one frame less that of the row `to`, over the same episodes."""

    to: Name


class Row(Strict):
    """A row of a table.

    Attributes:
        dataset: name of the dataset; `part` and `number` say which of its tables the row is in.
        told: whether the method was told the true number, in a table where the others choose: chance is.
        actions: whether it looked at the actions.
        shift: frames by which its keyframes were moved.
        scores: by name of `measures.MEASURES`.
        against_best: None of the best row itself.
    """

    dataset: Name
    part: Part
    number: Number
    method: Name
    told: bool = False
    actions: bool = False
    shift: Literal[-1, 0, 1]
    keyframes_per_episode: Amount
    scores: dict[Text, Score]
    against_best: Difference | None = None
    preparation_seconds: Amount | None = None
    seconds_per_episode: Amount | None = None
    peak_memory_bytes: Count | None = None


class Point(Strict):
    """How episodes are reconstructed from keyframes.

    Attributes:
        count: keyframes that were asked for in every episode; None of events, which are as many as there are.
        keyframes_per_episode: that were found.
        psnr: dB, the mean over these episodes.
        against_uniform: dB less those of as many uniform keyframes as were found, in the same episodes; None of uniform itself.
    """

    count: Count | None
    keyframes_per_episode: Amount
    psnr: Score
    against_uniform: Score | None = None


class Reconstruction(Strict):
    """A line of the figure: a method, chance or one of `REFERENCES`, by increasing numbers of keyframes.

    Attributes:
        episodes: that are reconstructed, the same for all numbers.
        actions: see `Row`.
    """

    dataset: Name
    method: Name
    episodes: Count
    actions: bool = False
    points: list[Point] = Field(min_length=1)

    def at(self, count: int | None) -> Point | None:
        """The point of so many keyframes."""
        return next((point for point in self.points if point.count == count), None)


class LeftOut(Strict):
    """A method that could not look at a dataset, and why."""

    part: Part
    method: Name
    reason: Text


class Dataset(Strict):
    """A dataset. `episodes` it has, of which `scored` were; events of a scored one on average."""

    name: Name
    path: Text
    sha256: Text
    episodes: Count
    scored: Count
    events_per_episode: Amount
    left_out: list[LeftOut] = []


class Result(Strict):
    """All tables. `minutes`: that each training was planned for; `reconstructions`: in the order of a table of them, none in
    files of earlier versions."""

    version: Literal[1] = 1  # of the protocol and this file: rows of another one cannot be compared
    seed: int
    minutes: Amount
    datasets: list[Dataset]
    rows: list[Row]
    reconstructions: list[Reconstruction] = []

    @model_validator(mode="after")
    def _belong(self) -> Result:
        names = [each.name for each in self.datasets]
        if len(set(names)) < len(names):
            raise ValueError("two datasets have the same name")
        named = [*(row.dataset for row in self.rows), *(line.dataset for line in self.reconstructions)]
        if unknown := [name for name in named if name not in names]:
            raise ValueError(f"a row is of {unknown[0]:.40}, which is no dataset here")
        return self

    def tables(self) -> dict[tuple[str, str, str], list[Row]]:
        """Rows by dataset, part and number, in order."""
        found: dict[tuple[str, str, str], list[Row]] = {}
        for row in self.rows:
            found.setdefault((row.dataset, row.part, row.number), []).append(row)
        return found

    def lines(self) -> dict[str, list[Reconstruction]]:
        """Reconstructions by dataset, in order."""
        found: dict[str, list[Reconstruction]] = {}
        for each in self.reconstructions:
            found.setdefault(each.dataset, []).append(each)
        return found


def read(file: Path) -> Result:
    """Tables that `keyin benchmark` wrote.

    Raises:
        InputError: they are something else.
    """
    tree = storage.read_json(file)
    try:
        return Result.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = shown(".".join(map(str, first["loc"])) or "it")[:60]
        reason = shown(first["msg"].removeprefix("Value error, "))
        raise InputError(f"{shown(file)} holds no benchmark: {where}: {reason}: run keyin benchmark again") from None
