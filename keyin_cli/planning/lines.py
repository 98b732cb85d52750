"""Lines of `episodes.jsonl`, checked before they are continued or counted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.planning.metrics import SUCCESS
from keyin_cli.planning.tasks import Tasks

LINES = "episodes.jsonl"

Least = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Point = Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]


class Line(BaseModel):
    """What every line has. Positions are in table units; methods may say more."""

    model_config = ConfigDict(strict=True)
    task: int
    success: bool
    error: Least
    initial: Least
    steps: Annotated[int, Field(ge=0)]
    seconds: Least
    wall: list[FiniteFloat]
    goal: list[FiniteFloat]
    subgoals: Annotated[list[Point], Field(min_length=1)]
    path: Annotated[list[Point], Field(min_length=1)]
    finger: list[Annotated[list[FiniteFloat], Field(min_length=2, max_length=3)]]
    current: list[Annotated[int, Field(ge=0)]]
    copies_goal: bool | FiniteFloat = False


def read_episodes(folder: Path, tasks: Tasks) -> list[dict[str, Any]]:
    """The episodes of a row, one for each of the first tasks, in order.

    Raises:
        InputError: a line is damaged, missing, there twice or of another task.
    """
    lines = storage.read_lines(folder / LINES)
    for place, line in enumerate(lines):
        try:
            known = Line.model_validate(line)
        except ValidationError as error:
            first = error.errors()[0]
            raise _damaged(folder, place, f"{shown('.'.join(map(str, first['loc'])))[:60]}: {first['msg']}") from None
        if known.task != place:
            raise _damaged(folder, place, f"it is of task {known.task}, expected {place}")
        if place < len(tasks.index) and [known.wall, known.goal] != [each[place].tolist() for each in _scene(tasks)]:
            raise _damaged(folder, place, "it is of another task of that number")
        many = (len(known.path), len(known.finger), len(known.current))
        fits = max(known.current, default=0) < len(known.subgoals) and known.success == (known.error <= SUCCESS)
        if many != (known.steps + 1, known.steps + 1, known.steps) or not fits or line.keys() != lines[0].keys():
            raise _damaged(folder, place, "its parts do not fit together")
    return lines


def _scene(tasks: Tasks) -> tuple[Any, Any]:
    return tasks.scene.wall, tasks.scene.goal


def _damaged(folder: Path, place: int, what: str) -> InputError:
    where = f"{shown(folder / LINES)}: line {place + 1}"
    return InputError(f"{where}: {what}: --overwrite plans all again")
