"""What is done to the program, and what is wrong with how it ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fuzz.bench import Bench

MOST_LINES = 3  # of a refusal
ODD = re.compile(r"Traceback \(most recent|Exception ignored|Warning: |Fatal Python error|terminate called|resource_tracker")


@dataclass(frozen=True)
class Case:
    """One attack: its name, and what it does on a bench. It returns what was wrong, a line each; nothing when all is well."""

    name: str
    check: Callable[[Bench], list[str]]


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code (negative: the signal that killed it), what it printed, its seconds."""

    code: int
    out: str
    err: str
    seconds: float
    hung: bool = False

    @property
    def lines(self) -> list[str]:
        """The lines of the refusal."""
        return [line for line in self.err.splitlines() if line.startswith("keyin: ")]


def problems(
    outcome: Outcome, *, codes: tuple[int, ...] = (0, 2), refused: bool | None = None, lines: int = MOST_LINES
) -> list[str]:
    """What is wrong with an outcome, whatever was done: an unexpected exit code, a traceback, a hang, a refusal of many lines,
    characters that do something to a terminal; and, when `refused` is given, whether it was refused.

    `lines`: that a refusal may have, more only where all that is wrong was asked for.
    """
    found = []
    if outcome.hung:
        return [f"hung: killed after {outcome.seconds:.0f} s"]
    if odd := ODD.search(outcome.err + outcome.out):
        return [f"{odd.group()!r}, last line: {(outcome.err + outcome.out).strip().splitlines()[-1]}"]
    if outcome.code not in codes:
        found.append(f"exit code {outcome.code}, expected {codes}: {outcome.err[-300:]!r}")
    if outcome.code in (1, 2) and not 1 <= len(outcome.lines) <= lines:
        found.append(f"{len(outcome.lines)} lines of refusal: {outcome.err[-300:]!r}")
    if outcome.code in (1, 2) and not found and not outcome.err.splitlines()[-1].startswith("keyin: "):
        found.append(f"the refusal does not end what is printed: {outcome.err[-300:]!r}")
    if any(not (each.isprintable() or each in "\n\t") for each in outcome.out + outcome.err):
        found.append(f"prints control characters: {(outcome.out + outcome.err)[-300:]!r}")
    if refused is not None and outcome.code in codes and refused != (outcome.code == 2):
        found.append("accepted" if refused else f"refused: {outcome.lines[:1]}")
    return found
