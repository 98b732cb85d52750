"""Processes of a command: itself, its workers, those that it started and left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from fuzz.bench import ENVIRONMENT, Bench
from fuzz.forked import Running

POLL = 0.005  # seconds


def anew(bench: Bench, *args: str) -> Running:
    """Start `keyin ARGS` as a user does, in a new interpreter that has to import everything."""
    printed = bench.folder.with_name(f"{bench.folder.name}.printed") / "anew"
    printed.mkdir(parents=True)
    with (printed / "out").open("wb") as out, (printed / "err").open("wb") as err:
        begun = time.monotonic()
        command = [sys.executable, "-m", "keyin_cli", *args]
        environment = {**os.environ, **ENVIRONMENT}
        process = subprocess.Popen(command, cwd=bench.folder, env=environment, stdout=out, stderr=err, start_new_session=True)
    return Running(process.pid, printed, begun)


def handles(running: Running, number: int) -> bool:
    """Whether a process has a handler of its own for a signal, or has ended."""
    with suppress(OSError):
        status = Path(f"/proc/{running.pid}/status").read_text().splitlines()
        (caught,) = (int(line.split()[1], 16) for line in status if line.startswith("SigCgt:"))
        return bool(caught >> (number - 1) & 1) or any(line.startswith("State:\tZ") for line in status)
    return True


def sleep_until(moment: float) -> None:
    """Until `time.monotonic()` is so much."""
    time.sleep(max(0.0, moment - time.monotonic()))


def others(running: Running) -> list[int]:
    """The processes of a command's session that are not the command's own and have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == running.pid:
            continue
        with suppress(OSError, IndexError):
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == running.pid and state != "Z":
                found.append(int(entry.name))
    return found


def outlive(running: Running, seconds: float) -> list[str]:
    """What of a command's session is there after so many seconds, a line each; it is killed then."""
    begun = time.monotonic()
    while (there := others(running)) and time.monotonic() - begun < seconds:
        time.sleep(POLL)
    lines = []
    for process in there:
        with suppress(OSError):
            command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            lines.append(f"lives on {seconds:.0f} s later: {command[:120]}")
            os.kill(process, signal.SIGKILL)
    return lines
