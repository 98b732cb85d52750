"""Two commands at once on one output: both end well or with a line, and what they leave is what one alone leaves."""

from __future__ import annotations

import random
import time

from fuzz import jobs
from fuzz.bench import Bench
from fuzz.case import Case, problems

ROW = "two commands at once on one output"
ALONE = ("gen-data on two workers", "plan on two workers", "table", "gen-data pushing")  # too slow to be taken often
SAME = tuple(name for name in jobs.JOBS if name not in ALONE)
OTHERS = (  # of which one makes what the other needs, or only one can have the output
    ("gen-data brownian", "gen-data of two shards"),
    ("pretrain-interp", "train from data"),
    ("pretrain-interp", "baseline"),
    ("train from data", "pretrain-interp"),
    ("import", "gen-data brownian"),
    ("recipes copy", "recipes copy"),
)
COUNT = 42
SAMPLE = 3
LONGEST = 60


def case(number: int) -> Case:
    chance = random.Random(f"twins-{number}")
    first, second = OTHERS[number // 4 % len(OTHERS)] if number % 4 == 3 else 2 * (SAME[number % len(SAME)],)
    share = 0.0 if number % 2 == 0 else chance.uniform(0.0, 0.9)

    def check(bench: Bench) -> list[str]:
        seconds = jobs.took(bench, first)[0]
        for name in (first, second):
            jobs.prepare(bench, name)
        both = []
        for name in (first, second):
            both.append(bench.start(*jobs.JOBS[name].command))
            if name is first:
                time.sleep(share * seconds)
        ended = [running.wait(LONGEST) for running in both]
        found = [problem for each in ended for problem in problems(each)]
        if not any(each.code == 0 for each in ended):
            found.append(f"neither works: {[each.err[-200:] for each in ended]}")
        return found + min((jobs.differences(bench, name) for name in (first, second)), key=len)

    return Case(f"{first} and {second}, the second {share:.0%} later", check)
