"""What a person sees while a command works. Everything here goes to stderr, so stdout stays free for `--json`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from keyin_cli import distributed
from keyin_cli.errors import printable
from keyin_cli.interrupts import tidied

PLAIN_LINE_EVERY = 10.0  # seconds between lines when stderr is no terminal

_audible = False  # a library is silent; commands speak


def speak() -> None:
    """Let this process tell what it does from now on."""
    global _audible
    _audible = True


def console() -> Console:
    """A console on the current stderr, heard after `speak`, of several processes in the first; lines wrap on a terminal only."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty(), quiet=not _audible or distributed.rank() > 0)


def say(message: str) -> None:
    """Print one line for the user (rich markup is not interpreted)."""
    console().print(printable(message), markup=False)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.1f}/s" if task.speed else "", style="progress.data.speed")


class Tracker:
    """Handed out by `track`: call it with the number of units done since the last call."""

    def __init__(self, title: str, total: int, done: int, bar: Progress | None) -> None:
        self._title, self._total, self._done, self._start, self._bar = title, total, done, done, bar
        self._begun = self._printed = time.monotonic()
        self._task = bar.add_task(title, total=total, completed=done) if bar else None

    def __call__(self, advance: int = 1, note: str = "") -> None:
        self._done += advance
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=advance, description=f"{self._title} {note}".rstrip())
            return
        now = time.monotonic()
        if now - self._printed >= PLAIN_LINE_EVERY:
            self._printed = now
            rate = (self._done - self._start) / (now - self._begun)
            left = (self._total - self._done) / rate if rate else float("inf")
            say(f"{self._title}: {self._done}/{self._total}, {rate:,.1f}/s, {left:,.0f} s left {note}".rstrip())


@contextmanager
def track(title: str, total: int, done: int = 0) -> Iterator[Tracker]:
    """Show progress with rate and time left: a bar on a terminal, a plain line every 10 s elsewhere.

    Args:
        title: what is being done.
        total: units in all.
        done: units finished before now (a resumed run); the rate counts only what comes after.
    """
    out, title = console(), printable(title)
    if out.quiet or not out.is_terminal:  # a bar, shown or not, replaces sys.stdout and sys.stderr
        yield Tracker(title, total, done, None)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with tidied(), Progress(*columns, console=out, transient=True) as bar:
        yield Tracker(title, total, done, bar)
