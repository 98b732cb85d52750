"""Commands that are stopped while they run, what commands print, how they refuse, and the tiny run that most are given."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

Keyin = Callable[..., CompletedProcess[str]]  # of the fixtures `keyin` and `here`

RECIPE = "recipes/tiny/brownian.yaml"
RUN = Path("artifacts/runs/tiny-brownian")
DATA = Path("artifacts/data/tiny-brownian.zarr")


def printed(done: CompletedProcess[str]) -> Any:
    """The one JSON object that a command printed, and nothing else."""
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def start(args: tuple[str, ...], cwd: Path, start_new_session: bool = False) -> subprocess.Popen[str]:
    """Start `keyin ARGS` on one thread and return at once."""
    return subprocess.Popen(
        [sys.executable, "-m", "keyin_cli", *args],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=start_new_session,
    )


def interrupt(
    args: tuple[str, ...], cwd: Path, begun: Callable[[], bool], number: signal.Signals, group: bool
) -> CompletedProcess[str]:
    """Start `keyin ARGS`, send a signal to it (or to its whole process group) as soon as `begun()`, wait for its end."""
    process = start(args, cwd, start_new_session=True)
    while not begun():
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    os.killpg(process.pid, number) if group else process.send_signal(number)
    out, err = process.communicate(timeout=120)
    return CompletedProcess(args, process.returncode, out, err)


def complaints(done: CompletedProcess[str], code: int = 2) -> list[str]:
    """The lines with which a command refused, after checking that it refused properly."""
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("keyin: ")]


def complaint(done: CompletedProcess[str], *parts: str, code: int = 2) -> str:
    """The one line with which a command refused; `parts` are in it."""
    (line,) = complaints(done, code)
    missing = [part for part in parts if part not in line]
    assert not missing, line
    return line
