"""Told to stop at any moment, a command says one line and exits with 130; also while it still imports what it needs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import Keyin, complaint, start

from keyin_cli import cli, interrupts, machine
from keyin_cli.errors import Interrupted


def begun(process: subprocess.Popen[str]) -> None:
    """Wait until a command handles signals: Python itself has to start first."""
    wanted = 1 << (signal.SIGHUP - 1)
    while process.poll() is None:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if any(line.startswith("SigCgt:") and int(line.split()[1], 16) & wanted for line in lines):
            return
        time.sleep(0.001)


@pytest.mark.parametrize("number", interrupts.SIGNALS)
@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_while_it_imports(delay: float, number: signal.Signals, tmp_path: Path) -> None:
    process = start(("plan", "--method", "random", "--episodes", "1", "--out", "planning"), tmp_path)
    begun(process)
    time.sleep(delay)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", f"keyin: {interrupts.STOPPED}\n")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyboardInterrupt(), interrupts.STOPPED),
        (Interrupted("the finished shards are kept"), "the finished shards are kept"),
    ],
)
def test_what_a_command_says(error: BaseException, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(cli.typer.Exit) as ended, cli._in_lines():
        raise error
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == f"keyin: {line}\n"


def test_errors_that_libraries_make_of_a_signal(tmp_path: Path) -> None:
    """Such as numpy, whose import is interrupted: no traceback."""
    script = """
import os, signal, sys
from keyin_cli import interrupts
interrupts.watch()
from keyin_cli import cli
def run(*_, **__):
    with interrupts.tidied():
        try: os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt: raise ImportError("numpy failed to import") from None
cli.main = None
cli.TyperGroup.invoke = run
cli.app(["recipes", "list"])
"""
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env={**os.environ}, timeout=60)
    assert (done.returncode, done.stderr) == (130, f"keyin: {interrupts.STOPPED}\n")


def test_with_hardly_any_memory_a_line_says_so(monkeypatch: pytest.MonkeyPatch, here: Keyin, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "free_memory", lambda: cli.LEAST - 1)
    complaint(here("recipes", "list", cwd=tmp_path), "keyin needs 67.1 MB of memory, ")
