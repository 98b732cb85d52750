"""SIGINT (Ctrl-C), SIGTERM and SIGHUP (a terminal that closes), anywhere in a command.

The first one stops: where something would be left behind, `KeyboardInterrupt` is raised in the main thread, so that it is tidied
up (`tidied`), or said what is kept (`interruptible`), or the work goes on to where it can stop (`postponed`); everywhere else the
process says a line and ends. A second one ends it at once. Both may do so anywhere, because whatever is written is written so
that a kill loses nothing. The exit code is 130.

A command calls `watch` before it imports anything else. The library never does: there signals are handled inside of
`interruptible` and `postponed` alone, and raise `KeyboardInterrupt` however often they come. Signals reach the main thread; in
others nothing here does anything.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from keyin_cli.errors import Interrupted

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
SIGNALS = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))
STOPPED = "stopped; what was finished is kept: run the same command again to continue"
AT_ONCE = "ended at once; what was finished is kept: run the same command again to continue"
CODE = 130
ONE = 0.3  # seconds within which several are one: a closing terminal, `make` and `torchrun` send more than one each
SOON = 0.01  # seconds
CURSOR = b"\x1b[?25h\n"  # a bar of progress hides it


class _State:
    """What has come, and where the main thread is."""

    def __init__(self) -> None:
        self.watched = False  # a command, not the library
        self.code: int | None = None  # of a command that has ended
        self.tidying = self.handling = 0  # how many blocks are around
        self.postponed: list[list[int]] = []
        self.first: float | None = None  # when the first one came


_state = _State()


def watch() -> None:
    """From now on this process is a command: see above. What was told to ignore SIGHUP (`nohup`) goes on to do so."""
    _state.watched = True
    atexit.register(_ignore)  # the first that is registered is the last that is called
    _install()
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, lambda *_: _stop())
        sys.unraisablehook = _unraisable


def over(code: int) -> None:
    """The command has ended: whatever comes now no longer changes its exit code."""
    _state.code = code
    if received():  # a KeyboardInterrupt that has passed through an import: Python would kill itself by SIGINT when it ends
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _ignore() -> None:
    """Python is about to give up its handlers: what comes from now on would kill a command that is done."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def received() -> bool:
    """Whether this command was told to stop."""
    return _state.first is not None


@contextmanager
def tidied() -> Iterator[None]:
    """Inside, a command that is told to stop does so by `KeyboardInterrupt`: what was begun is tidied up on the way.

    Raises:
        KeyboardInterrupt: it was told so, and something inside swallowed it.
    """
    if not _main_thread():
        yield
        return
    _state.tidying += 1
    try:
        yield
    finally:
        _state.tidying -= 1
    if _state.watched and received() and not _state.postponed:
        raise KeyboardInterrupt


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """Let the signals end the work inside with `message`, even where a library swallows the KeyboardInterrupt or makes another
    error of it.

    Raises:
        Interrupted: one of them came.
    """
    with _handled():
        try:
            with tidied():
                yield
        except Interrupted:
            raise
        except BaseException as error:
            if not (received() or isinstance(error, KeyboardInterrupt)):
                raise
            raise Interrupted(message) from None
        if received() and not _state.postponed:
            raise Interrupted(message)


@contextmanager
def postponed() -> Iterator[list[int]]:
    """Collect the numbers of signals instead of stopping: the list stays empty until one comes."""
    came: list[int] = []
    with _handled():
        if not _main_thread():
            yield came
            return
        _state.postponed.append(came)
        try:
            yield came
        finally:
            _state.postponed.remove(came)


@contextmanager
def _handled() -> Iterator[None]:
    """Handle the signals inside, and put back the handlers that were there; in a command they are there all the time."""
    if _state.watched or _state.handling or not _main_thread():
        yield
        return
    _state.handling += 1
    before = _install()
    try:
        yield
    finally:
        _state.handling -= 1
        _state.first = None
        for number, previous in before.items():
            signal.signal(number, previous)


def _install() -> dict[int, Any]:
    """Handle every signal. Returns the handlers that were there."""
    ignored = getattr(signal, "SIGHUP", None)
    wanted = [number for number in SIGNALS if number != ignored or signal.getsignal(number) is not signal.SIG_IGN]
    return {number: signal.signal(number, _came) for number in wanted}


def _came(number: int, _: object) -> None:
    if _state.code is not None:
        os._exit(_state.code)
    now = time.monotonic()
    again = _state.first is not None
    if _state.first is None:
        _state.first = now
    if _state.watched and again:
        if now - _state.first > ONE:
            _end(AT_ONCE)
        return
    for came in _state.postponed:
        came.append(number)
    _stop()


def _stop() -> None:
    """Stop in the way that fits where the main thread is."""
    if _state.postponed:
        return
    if _state.tidying or not _state.watched:
        raise KeyboardInterrupt
    _end(STOPPED)


def _unraisable(unraisable: Any) -> None:
    """Python ignores errors in some places, such as what runs when an object is deleted: stop soon after such a place instead."""
    if received() and issubclass(unraisable.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, SOON)
    else:
        sys.__unraisablehook__(unraisable)


def _end(message: str) -> None:
    """End this process without looking back."""
    with suppress(OSError):  # the terminal is gone
        os.write(2, (CURSOR if os.isatty(2) else b"") + f"keyin: {message}\n".encode())
    os._exit(CODE)


def _main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
