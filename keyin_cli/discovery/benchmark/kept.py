"""What a method found in a dataset, as a file: a command that is run again looks at no episode a second time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from keyin_cli import storage
from keyin_cli.errors import InputError

FILE = "detected.json"
Frame = Annotated[int, Field(ge=0, lt=10**9)]
Keyframes = list[list[Frame]]  # of every episode, increasing numbers of its frames from 0 on
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Told(BaseModel):
    """Keyframes of all episodes where a method was told that there are `count` in each; none of an episode that is too short or
    too long to be reconstructed (`protocol`)."""

    model_config = ConfigDict(frozen=True, strict=True)
    count: Annotated[int, Field(ge=1, lt=10**9)]
    keyframes: Keyframes


class Kept(BaseModel):
    """Keyframes of all episodes of a dataset.

    Attributes:
        key: hash of what they depend on.
        knob: the number that decides how many there are.
        usual: its value where the method chooses itself; None where it cannot.
        given: keyframes where it was told their number, `own` where it chose; None of what it cannot.
        actions: whether it looked at the episodes' actions.
        preparation_seconds: of learning, before the first episode was looked at.
        seconds_per_episode: of looking and selecting, with both numbers.
        peak_memory_bytes: of the process that did it.
        told: keyframes for reconstruction; empty of what cannot be told, or does not look at pixels.
    """

    model_config = ConfigDict(frozen=True, strict=True)
    key: str
    knob: str
    usual: FiniteFloat | None
    given: Keyframes | None
    own: Keyframes | None
    actions: bool
    preparation_seconds: Amount
    seconds_per_episode: Amount
    peak_memory_bytes: Annotated[int, Field(ge=0)]
    told: list[Told] = []

    @property
    def sets(self) -> list[Keyframes]:
        """All keyframes that were found."""
        return [*(each for each in (self.given, self.own) if each is not None), *(each.keyframes for each in self.told)]

    @model_validator(mode="after")
    def _in_order(self) -> Kept:
        if self.given is None and self.own is None:
            raise ValueError("nothing was found")
        for each in self.sets:
            if any(after <= before for frames in each for before, after in pairwise(frames)):
                raise ValueError("keyframes do not increase")
        return self


def read(file: Path, key: str | None, lengths: NDArray[np.int64]) -> Kept | None:
    """What was found, when it is of this key (of any, without one) and of episodes of these lengths (k,); None when it has to be
    found (again)."""
    if not file.is_file():
        return None
    try:
        found = Kept.model_validate(storage.read_json(file))
    except (ValidationError, InputError):  # half of what another program left: it is made anew
        return None
    fits = all(
        len(each) == len(lengths) and all(not at or at[-1] < length for at, length in zip(each, lengths, strict=True))
        for each in found.sets
    )
    return found if key in (None, found.key) and fits else None


def write(file: Path, found: Kept) -> None:
    storage.write_json(file, found.model_dump(mode="json"))


def times(keyframes: Keyframes, lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Keyframes of k episodes as (k,T), T the length of the longest."""
    made = np.zeros((len(lengths), int(lengths.max())), np.bool_)
    for row, at in enumerate(keyframes):
        made[row, at] = True
    return made
