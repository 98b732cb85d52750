"""Ctrl-C and SIGTERM, where work is kept in finished pieces. They reach the main thread; in others nothing here does anything."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keyin_cli.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def handled(handler: Callable[[int], None]) -> Iterator[None]:
    """Call `handler` with the number of every SIGINT and SIGTERM that comes inside."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda number, _: handler(number)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the work inside with `message`, even where a library swallows the KeyboardInterrupt.

    Raises:
        Interrupted: one of them came.
    """
    received = []

    def interrupt(number: int) -> None:
        received.append(number)
        raise KeyboardInterrupt

    try:
        with handled(interrupt):
            yield
    except KeyboardInterrupt:
        raise Interrupted(message) from None
    if received:
        raise Interrupted(message)


@contextmanager
def postponed() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying from them: the list stays empty until one comes."""
    received: list[int] = []
    with handled(received.append):
        yield received
