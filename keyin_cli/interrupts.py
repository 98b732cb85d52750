"""Ctrl-C and SIGTERM, where work is kept in finished pieces: stop at once, with one line."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from keyin_cli.errors import Interrupted


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the work inside with `message`, even where a library swallows the KeyboardInterrupt.

    Raises:
        Interrupted: one of them came.
    """
    received = []

    def interrupt(number: int, _: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(message) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        raise Interrupted(message)
