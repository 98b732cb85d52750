"""Too little memory, and workers that are killed, which is what a system does that has none left."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

from fuzz import jobs
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.processes import others, outlive

ROW = "memory limit, killed workers"
NAMES = (
    "gen-data of two shards",
    "gen-data pushing",
    "import",
    "pretrain-interp",
    "train",
    "baseline",
    "eval-f1",
    "plan",
    "find",
)
SPREAD = ("gen-data on two workers", "plan on two workers")
COUNT = 36
SAMPLE = 3
LONGEST = 60


def case(number: int) -> Case:
    chance = random.Random(f"memory-{number}")
    if number % 6 == 0:
        return _killed(SPREAD[number // 6 % 2], chance.uniform(0.2, 1.5))
    megabytes = chance.choice((1, 16, 66, 70, 75, 80, 90, 100, 120, 150))
    return _short(NAMES[number % len(NAMES)], megabytes)


def _short(name: str, megabytes: int) -> Case:
    def check(bench: Bench) -> list[str]:
        jobs.prepare(bench, name)
        ended = bench.start(*jobs.JOBS[name].command, prepare=_more(megabytes)).wait(LONGEST)
        found = problems(ended, codes=(0, 1, 2))
        if ended.code and not any("memory" in line for line in ended.lines):
            found.append(f"does not say that memory is short: {ended.lines}")
        return found + jobs.again(bench, name)

    return Case(f"{name} with {megabytes} MB", check)


def _more(megabytes: int) -> Callable[[], None]:
    """Limits this process's data to so much more than it has."""

    def prepare() -> None:
        (line,) = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmData:")]
        limit = int(line.split()[1]) * 1024 + (megabytes << 20)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    return prepare


def _killed(name: str, seconds: float) -> Case:
    def check(bench: Bench) -> list[str]:
        jobs.prepare(bench, name)
        running = bench.start(*jobs.JOBS[name].command)
        while not running.ended() and not (workers := _workers(running.pid, others(running))):
            time.sleep(0.01)
        time.sleep(seconds)
        if not running.ended():
            os.kill(workers[0], signal.SIGKILL)
        ended = running.wait(LONGEST)
        return problems(ended, codes=(0, 1)) + outlive(running, 5) + jobs.again(bench, name)

    return Case(f"{name}, a worker killed after {seconds:.1f} s", check)


def _workers(pid: int, processes: list[int]) -> list[int]:
    """Those among processes that work for a command."""
    found = []
    for process in processes:
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        if b"popen_loky" in command:
            found.append(process)
    return found
