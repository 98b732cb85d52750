"""Runs `keyin ARGS` in a fork of this process, so that Python and torch start once for thousands of commands.

The process that forks must have only one thread: it imports everything (`preload`) and computes nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fuzz.case import Outcome

MEMORY = 4 << 30  # bytes of a command's own data: a bomb ends the command, not the machine
POLL = 0.005  # seconds
OTHERS = ("keyin_cli.datasets.ogbench.", "keyin_cli.datasets.gridworld.")


def preload() -> None:
    """Import everything that commands import when they run, but for what needs simulators of others, which no case uses."""
    import keyin_cli

    for module in pkgutil.walk_packages(keyin_cli.__path__, "keyin_cli."):
        if module.name != "keyin_cli.__main__" and not module.name.startswith(OTHERS):
            importlib.import_module(module.name)
    for library in ("torch._dynamo", "matplotlib.pyplot", "zarr", "h5py", "av", "pyarrow.parquet", "PIL.Image", "rich.progress"):
        importlib.import_module(library)


@dataclass
class Running:
    """A command that runs."""

    pid: int
    folder: Path
    begun: float

    def signal(self, number: int, group: bool = False) -> None:
        """Send a signal to it, or to it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number) if group else os.kill(self.pid, number)

    def ended(self) -> bool:
        """Whether it has ended; `wait` still tells how."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, seconds: float) -> Outcome:
        """How it ended; what has not ended after so many seconds is killed, it hangs."""
        hung = False
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if not hung and time.monotonic() - self.begun > seconds:
                hung = True
                self.signal(signal.SIGKILL, group=True)
            time.sleep(POLL)
        out, err = ((self.folder / name).read_bytes().decode(errors="backslashreplace") for name in ("out", "err"))
        return Outcome(os.waitstatus_to_exitcode(status), out, err, time.monotonic() - self.begun, hung)


def start(
    args: tuple[str, ...],
    cwd: Path,
    printed: Path,
    environment: Mapping[str, str],
    prepare: Callable[[], None] | None = None,
) -> Running:
    """Start `keyin ARGS` in a session of its own.

    Args:
        printed: an empty directory for what it prints.
        environment: further environment variables.
        prepare: called in the new process before the command: limits, hooks, handlers.
    """
    for name in ("out", "err"):
        (printed / name).touch()  # what is killed at once has printed nothing
    begun = time.monotonic()
    pid = os.fork()
    if pid:
        return Running(pid, printed, begun)
    code = 70
    try:
        os.setsid()
        os.chdir(cwd)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(printed / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        os.environ.update(environment)
        if prepare:
            prepare()
        code = _command(args)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _command(args: tuple[str, ...]) -> int:
    """Run the program as `python -m keyin_cli` does; what it does not catch is printed, as Python does."""
    from keyin_cli import interrupts
    from keyin_cli.cli import app

    interrupts.watch()
    sys.argv = ["keyin", *args]
    try:
        app(args, prog_name="keyin")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
