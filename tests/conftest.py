"""What the end-to-end tests share: the real command, and one tiny run that it made."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Keyin
from typer.testing import CliRunner

from keyin_cli import progress
from keyin_cli.cli import app

progress.speak()  # as a command does
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nobody handles who was started with nohup

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "COLUMNS": "80", "_TYPER_FORCE_DISABLE_TERMINAL": "1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test has one of the marks `unit` and `e2e`."""
    for item in items:
        item.add_marker("e2e" if Path(__file__).with_name("e2e") in item.path.parents else "unit")


@pytest.fixture(scope="session")
def keyin() -> Keyin:
    """Runs `keyin ARGS` as a user would, in the directory `cwd`; keywords are further environment variables."""

    def run(*args: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "keyin_cli", *args],
            cwd=cwd,
            env={**os.environ, **ENVIRONMENT, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Keyin:
    """The same inside this process, for lines with which commands refuse: Python and torch need not start for each."""

    def run(*args: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(cwd)
        done = CliRunner().invoke(app, [str(arg) for arg in args], env={**ENVIRONMENT, **environment})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(list(args), done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def hurried() -> Iterator[None]:
    """Who waits for ever fails."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def tiny(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which recipes/tiny/brownian.yaml was trained by one command; `train.json` is what it printed. Read only."""
    path = tmp_path_factory.mktemp("tiny")
    done = keyin("train", "recipes/tiny/brownian.yaml", "--json", cwd=path)
    assert done.returncode == 0, done.stderr
    (path / "train.json").write_text(done.stdout)
    return path
