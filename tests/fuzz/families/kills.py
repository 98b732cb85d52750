"""Killed at a random moment, the whole group or the main process alone, then run to the end."""

from __future__ import annotations

import random
import signal

from fuzz import jobs
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.processes import outlive, sleep_until

ROW = "kill -9 at a random moment"
SLOW = ("gen-data on two workers", "plan on two workers", "table", "gen-data pushing")
QUICK = tuple(name for name in jobs.JOBS if name not in SLOW)
COUNT = 72
SAMPLE = 4
LONGEST = 60  # seconds of a job on a busy machine
ORPHANS = 5  # seconds that workers may live without their parent


def case(number: int) -> Case:
    chance = random.Random(f"kills-{number}")
    name = chance.choice(SLOW) if chance.random() < 0.25 else QUICK[number % len(QUICK)]
    share, group = chance.uniform(0.02, 1.1), chance.random() < 0.5

    def check(bench: Bench) -> list[str]:
        seconds = jobs.took(bench, name)[0]
        jobs.prepare(bench, name)
        running = bench.start(*jobs.JOBS[name].command)
        sleep_until(running.begun + share * seconds)
        running.signal(signal.SIGKILL, group)
        ended = running.wait(LONGEST)
        found = problems(ended, codes=(-signal.SIGKILL, 0)) + outlive(running, ORPHANS)
        return found + jobs.again(bench, name)

    return Case(f"{name}, {'group' if group else 'main process'} at {share:.0%}", check)
