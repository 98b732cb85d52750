"""Arguments that make no sense."""

from __future__ import annotations

import random

from fuzz.bench import Bench
from fuzz.case import Case, problems

ROW = "malformed arguments"
COUNT = 6
SAMPLE = 3
COMMANDS = (
    ("train", "."),
    ("train", ""),
    ("info", "/dev/null"),
    ("gen-data", "brownian", "--n", "9" * 50),
    ("--nonsense",),
    ("plan", "--episodes", "0"),
)


def case(number: int) -> Case:
    random.Random(f"arguments-{number}")
    command = COMMANDS[number]

    def check(bench: Bench) -> list[str]:
        return problems(bench.keyin(*command), refused=True)

    return Case(" ".join(command)[:80], check)
