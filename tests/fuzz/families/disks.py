"""A disk that is full, broken or read-only from some operation on, or few open files; then all is well and it is run again."""

from __future__ import annotations

import errno
import os
import random
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fuzz import jobs, mounts
from fuzz.bench import Bench
from fuzz.case import Case, problems
from fuzz.operations import Counter

ROW = "full and failing disks"
NAMES = (
    *("gen-data brownian", "gen-data of two shards", "gen-data --overwrite", "import", "pretrain-interp", "train"),
    *("train --overwrite", "baseline", "eval-f1", "plan", "find", "export", "export images", "report", "recipes copy"),
)
ERRORS = ("ENOSPC", "ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT", "EFBIG")
COUNT = 60
SAMPLE = 5
LONGEST = 60
FREED = 1 << 20  # kilobytes of the disk when it was freed


def case(number: int) -> Case:
    chance = random.Random(f"disks-{number}")
    name, share = NAMES[number % len(NAMES)], chance.random()
    if number % 3 == 0:
        return _full(name, share)
    if number % 6 == 1:
        return _files(name, chance.randint(4, 24))
    return _failing(name, chance.choice(ERRORS), share)


def _full(name: str, share: float) -> Case:
    def check(bench: Bench) -> list[str]:
        disk = bench.folder / "disk"
        disk.mkdir()
        if not mounts.mount(disk, FREED):
            return _failing(name, "ENOSPC", share).check(bench)
        try:
            there = replace(bench, folder=disk)
            jobs.prepare(there, name)
            needed = kilobytes(jobs.done(bench, name)) - kilobytes(disk)
            mounts.resize(disk, mounts.used(disk) + max(4, int(share * needed)) // 4 * 4)
            ended = there.keyin(*jobs.JOBS[name].command)
            mounts.resize(disk, FREED)
            return problems(ended, codes=(0, 1)) + jobs.again(there, name)
        finally:
            mounts.unmount(disk)

    return Case(f"{name} on a disk with {share:.0%} of what it takes", check)


def kilobytes(folder: Path) -> int:
    """What all files of a folder take, in whole pages."""
    return sum(-(-path.lstat().st_size // 4096) * 4 for path in folder.rglob("*") if path.is_file())


def _failing(name: str, error: str, share: float) -> Case:
    def check(bench: Bench) -> list[str]:
        jobs.prepare(bench, name)
        first = int(share * jobs.took(bench, name)[1])
        ended = bench.start(*jobs.JOBS[name].command, prepare=Counter(bench.folder, failing(error, first)).prepare).wait(LONGEST)
        return problems(ended, codes=(0, 1, 2)) + jobs.again(bench, name)

    return Case(f"{name}, {error} from {share:.0%} of its operations on", check)


def failing(error: str, first: int) -> Callable[[int, str], None]:
    """From the operation `first` on nothing can be written; things can still be deleted."""
    number = getattr(errno, error)

    def act(operation: int, event: str) -> None:
        if operation >= first and event not in ("os.remove", "os.rmdir"):
            raise OSError(number, os.strerror(number))

    return act


def _files(name: str, most: int) -> Case:
    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def check(bench: Bench) -> list[str]:
        jobs.prepare(bench, name)
        ended = bench.start(*jobs.JOBS[name].command, prepare=prepare).wait(LONGEST)
        return problems(ended, codes=(0, 1, 2)) + jobs.again(bench, name)

    return Case(f"{name} with {most} open files at most", check)
