"""Signals in the main thread; elsewhere nothing."""

import os
import signal
import threading
from contextlib import suppress

import pytest

from keyin_cli.errors import Interrupted
from keyin_cli.interrupts import SIGNALS, interruptible, postponed


@pytest.mark.parametrize("number", SIGNALS)
def test_work_ends_with_one_line_and_the_handlers_are_put_back(number: int) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    done = []

    def work() -> None:
        with interruptible("stopped"):
            os.kill(os.getpid(), number)
            done.append("more")

    with pytest.raises(Interrupted, match="stopped"):
        work()
    assert done == []
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_swallowed_interrupt_still_ends_the_work() -> None:
    def work() -> None:
        with interruptible("stopped"), suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="stopped"):
        work()


@pytest.mark.parametrize("number", SIGNALS)
def test_postponed_signals_are_collected(number: int) -> None:
    with postponed() as received:
        assert received == []
        os.kill(os.getpid(), number)
        assert received == [number]


def test_outside_of_the_main_thread_work_is_just_done() -> None:
    done = []

    def work() -> None:
        with interruptible("stopped"), postponed() as received:
            done.append(received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [[]]
