"""Killed at a chosen operation on files, some twice, then run to the end: what is there then is what was there without a kill."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable

from fuzz import jobs
from fuzz.bench import PATIENCE, Bench
from fuzz.case import Case, problems
from fuzz.operations import Counter

ROW = "kill -9 at a chosen operation on files"
PLACES = {  # how many of a job's operations are chosen, evenly
    "gen-data brownian": 30,
    "gen-data of two shards": 20,
    "gen-data pushing": 4,
    "gen-data --overwrite": 24,
    "import": 36,
    "pretrain-interp": 30,
    "pretrain-interp from nothing": 10,
    "train": 36,
    "train from data": 10,
    "train --overwrite": 20,
    "baseline": 16,
    "eval-f1": 20,
    "plan": 20,
    "plan of two methods": 12,
    "find": 16,
    "export": 10,
    "export images": 10,
    "report": 4,
    "recipes copy": 4,
}
CHOSEN = [(name, place) for name, places in PLACES.items() for place in range(places)]
COUNT = len(CHOSEN)
SAMPLE = 12
TWICE = 0.3  # the share that is killed again while it goes on


def case(number: int) -> Case:
    name, place = CHOSEN[number]
    chance = random.Random(f"crashes-{number}")
    second = chance.random() if chance.random() < TWICE else None

    def check(bench: Bench) -> list[str]:
        total = jobs.took(bench, name)[1]
        jobs.prepare(bench, name)
        first = place * total // PLACES[name] if total > PLACES[name] else place
        found = killed(bench, name, first)
        if second is not None:
            found += killed(bench, name, int(second * total))
        return found + jobs.again(bench, name)

    return Case(f"{name}, place {place} of {PLACES[name]}{', twice' if second is not None else ''}", check)


def killed(bench: Bench, name: str, number: int) -> list[str]:
    """Kill a job right before one of its operations. It may have fewer when it goes on, or say that all is there."""
    ended = bench.start(*jobs.JOBS[name].command, prepare=Counter(bench.folder, at(number)).prepare).wait(PATIENCE)
    return problems(ended, codes=(-signal.SIGKILL, 0, 2))


def at(number: int) -> Callable[[int, str], None]:
    def act(operation: int, _: str) -> None:
        if operation == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return act
