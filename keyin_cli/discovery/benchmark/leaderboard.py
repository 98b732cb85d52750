"""The leaderboard: rows of the benchmark that people reported, as `artifacts/released/benchmark/leaderboard.json` has them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from keyin_cli import storage
from keyin_cli.discovery.benchmark.measures import HEADLINE, MEASURES
from keyin_cli.discovery.benchmark.result import CHANCE, Amount, Dataset, Result, Row, Strict
from keyin_cli.errors import InputError, shown


class Entry(Strict):
    """A row that somebody reported.

    Attributes:
        by: who; `link`: to the method's code or paper; `reported`: the day, YYYY-MM-DD.
        keyin: the version that scored it.
        seed, minutes: of the command.
        dataset: what it was scored on.
    """

    by: Annotated[str, Field(min_length=1, max_length=200)]
    link: Annotated[str, Field(pattern=r"^https://[^\s()<>|\[\]]+$", max_length=500)]
    reported: str
    keyin: Annotated[str, Field(min_length=1, max_length=50)]
    seed: int
    minutes: Amount
    dataset: Dataset
    row: Row

    @field_validator("reported")
    @classmethod
    def _is_a_day(cls, given: str) -> str:
        return date.fromisoformat(given).isoformat()

    @model_validator(mode="after")
    def _belongs(self) -> Entry:
        if self.row.dataset != self.dataset.name:
            raise ValueError("the row is of another dataset")
        if self.row.method in CHANCE:
            raise ValueError("chance reports nothing")
        if missing := MEASURES.keys() - self.row.scores.keys():
            raise ValueError(f"the row has no {min(missing)}")
        return self


class Leaderboard(Strict):
    """All entries, of one protocol."""

    version: Literal[1] = 1
    entries: list[Entry]

    @model_validator(mode="after")
    def _unique(self) -> Leaderboard:
        keys = [_key(each) for each in self.entries]
        if len(set(keys)) < len(keys):
            raise ValueError("two entries have the same method, dataset, part, number and reporter")
        return self

    def ordered(self) -> list[Entry]:
        """Entries by dataset, part and number, in each by F1 within one frame, the best first."""
        return sorted(
            self.entries,
            key=lambda each: (each.dataset.name, each.row.part, each.row.number, -each.row.scores[HEADLINE].value),
        )


def added(board: Leaderboard, result: Result, method: str, by: str, link: str, keyin: str, day: str) -> Leaderboard:
    """The leaderboard with all rows of a method from tables; rows that its reporter gave before are replaced.

    Raises:
        InputError: there is no such row, or what is said of it is wrong.
    """
    datasets = {each.name: each for each in result.datasets}
    rows = [row for row in result.rows if row.method == method and method not in CHANCE]
    if not rows:
        there = dict.fromkeys(row.method for row in result.rows if row.method not in CHANCE)
        raise InputError(f"the tables have no method {shown(method)}: there are {', '.join(map(shown, there))}")
    about = {"by": by, "link": link, "reported": day, "keyin": keyin, "seed": result.seed, "minutes": result.minutes}
    try:
        new = [Entry.model_validate({**about, "dataset": datasets[row.dataset], "row": row}) for row in rows]
    except ValidationError as error:
        raise InputError(f"the entry is wrong: {_first(error)}: correct what you said of it") from None
    keys = {_key(each) for each in new}
    return Leaderboard(entries=[*(each for each in board.entries if _key(each) not in keys), *new])


def read(file: Path) -> Leaderboard:
    """Raises:
    InputError: the file is no leaderboard.
    """
    try:
        return Leaderboard.model_validate(storage.read_json(file))
    except ValidationError as error:
        raise InputError(f"{shown(file)} is no leaderboard: {_first(error)}: correct it") from None


def _key(each: Entry) -> tuple[str, ...]:
    return each.by, each.row.method, each.dataset.sha256, each.dataset.name, each.row.part, each.row.number


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return shown(f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg'].removeprefix('Value error, ')}")[:200]
