"""Signals in the main thread; elsewhere nothing."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from keyin_cli.errors import Interrupted
from keyin_cli.interrupts import AT_ONCE, SIGNALS, STOPPED, interruptible, postponed


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


def test_an_error_that_a_library_makes_of_an_interrupt_is_one() -> None:
    def work() -> None:
        with interruptible("stopped"):
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except KeyboardInterrupt:
                raise ImportError("numpy failed to import") from None

    with pytest.raises(Interrupted, match="stopped"):
        work()


def test_in_the_library_a_second_one_only_raises_again() -> None:
    def work() -> None:
        with interruptible("stopped"):
            for _ in range(2):
                with suppress(KeyboardInterrupt):
                    os.kill(os.getpid(), signal.SIGINT)

    for _ in range(2):  # and what came is forgotten afterwards
        with pytest.raises(Interrupted, match="stopped"):
            work()


# ---------------------------------------------------------------- commands

BEGIN = """
import os, signal, sys, time
from keyin_cli import interrupts
interrupts.watch()
def tell(): os.kill(os.getpid(), int(sys.argv[1]))
"""


def command(body: str, number: int = signal.SIGTERM, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python that is a command and tells itself to stop."""
    words = [sys.executable, "-c", before + BEGIN + body, str(int(number))]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_ends_with_a_line(number: int) -> None:
    done = command("tell()\nprint('more')", number)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"keyin: {STOPPED}\n")


def test_what_was_begun_is_tidied_up() -> None:
    done = command("""
try:
    with interrupts.tidied():
        tell()
        print("more")
except KeyboardInterrupt:
    print("tidied", flush=True)
""")
    assert (done.returncode, done.stdout) == (0, "tidied\n")


def test_a_library_that_swallows_an_interrupt_does_not_keep_the_command_going() -> None:
    done = command("""
try:
    with interrupts.tidied():
        with interrupts.tidied():
            try: tell()
            except BaseException: print("swallowed")
        print("more")
except KeyboardInterrupt:
    print("stopped")
""")
    assert done.stdout == "swallowed\nstopped\n"


def test_where_python_ignores_errors_the_command_stops_soon_after() -> None:
    done = command("""
class Deleted:
    def __del__(self): tell()
try:
    with interrupts.tidied():
        deleted = Deleted()
        del deleted
        time.sleep(30)
        print("more")
except KeyboardInterrupt:
    print("stopped", flush=True)
print(object, file=sys.stderr)
class Wrong:
    def __del__(self): raise ValueError("told as ever")
Wrong()
""")
    assert done.stdout == "stopped\n"
    assert done.stderr.startswith("<class 'object'>\nException ignored in: <function Wrong.__del__")
    assert "told as ever" in done.stderr


@pytest.mark.parametrize("block", ["interrupts.postponed()", "interrupts.tidied()"])
def test_the_second_one_ends_a_command_at_once(block: str) -> None:
    done = command(f"""
with {block}:
    try: tell()
    except KeyboardInterrupt: pass
    tell()
    print("one", flush=True)  # so soon after the other it is the same
    time.sleep(interrupts.ONE)
    tell()
    print("more", flush=True)
""")
    assert (done.returncode, done.stdout, done.stderr) == (130, "one\n", f"keyin: {AT_ONCE}\n")


def test_a_command_that_is_to_outlive_its_terminal_does() -> None:
    done = command("tell()\nprint('more')", signal.SIGHUP, "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    assert (done.returncode, done.stdout) == (0, "more\n")


def test_what_has_ended_keeps_its_exit_code() -> None:
    done = command("interrupts.over(2)\ntell()\nprint('more')")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_an_interrupt_that_passed_through_an_import_leaves_the_exit_code(tmp_path: Path) -> None:
    """Python remembers that one did, whatever became of it, and kills itself when it ends."""
    (tmp_path / "tool.py").write_text("""
import os, signal, sys
from keyin_cli import interrupts
interrupts.watch()
try:
    with interrupts.tidied():
        exec("os.kill(os.getpid(), signal.SIGTERM)")  # as the making of a dataclass does
except KeyboardInterrupt:
    pass
interrupts.over(130)
sys.exit(130)
""")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "tool"], env=environment, timeout=60, capture_output=True)
    assert done.returncode == 130


def test_while_python_ends_nothing_changes_the_exit_code() -> None:
    done = command("""
class Late:
    def __init__(self): self.kill, self.write, self.process = os.kill, os.write, os.getpid()
    def __del__(self):
        self.kill(self.process, 15)
        self.write(1, b"late")
sys.late = Late()  # deleted when handlers are gone
interrupts.over(0)
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "late", "")
