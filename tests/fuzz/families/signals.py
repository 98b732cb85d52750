"""Told to stop at a random moment, once or twice, as a terminal, a shell and an administrator do it."""

from __future__ import annotations

import random
import signal
import time

from fuzz import jobs
from fuzz.bench import Bench
from fuzz.case import Case, Outcome, problems
from fuzz.forked import Running
from fuzz.processes import anew, handles, outlive, sleep_until

ROW = "SIGINT, SIGTERM, SIGHUP, once and twice"
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SLOW = ("gen-data on two workers", "plan on two workers", "table", "gen-data pushing")
QUICK = tuple(name for name in jobs.JOBS if name not in SLOW)
STARTING = ("plan", "train", "eval-f1", "export", "find", "recipes copy")  # in an interpreter of their own
IMPORTS = 2.0  # seconds that it is told to stop in
COUNT = 78
SAMPLE = 5
LONGEST = 60  # seconds of a job on a busy machine
ORPHANS = 5
AT_ONCE = 5  # seconds in which the second one ends a command, on a busy machine
BETWEEN = 0.4  # seconds: what comes sooner counts as one


def case(number: int) -> Case:
    chance = random.Random(f"signals-{number}")
    which = chance.choice(NUMBERS)
    names = chance.choices((STARTING, SLOW, QUICK), (0.3, 0.2, 0.5))[0]
    starting, twice, group = names is STARTING, chance.random() < 0.35, chance.random() < 0.5
    name = chance.choice(names)
    share = chance.uniform(0.0, 1.05)

    def check(bench: Bench) -> list[str]:
        seconds = IMPORTS if starting else jobs.took(bench, name)[0]
        jobs.prepare(bench, name)
        running = anew(bench, *jobs.JOBS[name].command) if starting else bench.start(*jobs.JOBS[name].command)
        while not handles(running, signal.SIGHUP):  # the last that is installed; before, Python itself starts
            time.sleep(0.001)
        sleep_until((time.monotonic() if starting else running.begun) + share * seconds)
        running.signal(which, group)
        found = _twice(running, which) if twice else []
        ended = running.wait(LONGEST)
        return found + _stopped(ended) + outlive(running, ORPHANS) + jobs.again(bench, name)

    how = f"{which.name} {'twice' if twice else 'once'} to {'the group' if group else 'the main process'}"
    return Case(f"{name}, {how} at {share:.0%}{' of its imports' if starting else ''}", check)


def _twice(running: Running, which: signal.Signals) -> list[str]:
    """Tell a command to stop once more. It has ended soon after."""
    time.sleep(BETWEEN)
    running.signal(which)
    told = time.monotonic()
    while not running.ended() and time.monotonic() - told < AT_ONCE:
        time.sleep(0.01)
    return [] if running.ended() else [f"the second {which.name} did not end it in {AT_ONCE} s"]


def _stopped(ended: Outcome) -> list[str]:
    """What is wrong with how a command stopped; that it was done before is not."""
    found = problems(ended, codes=(130, 0))
    if ended.code == 130 and len(ended.lines) != 1:
        found.append(f"{len(ended.lines)} lines: {ended.err[-300:]!r}")
    if ended.code == 130 and not ended.err.splitlines()[-1:][0].startswith("keyin: "):
        found.append(f"something follows the line: {ended.err[-300:]!r}")
    return found
