"""The program as a module of Python: where it looks for others."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "keyin_cli"


def version(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *options, "-m", "keyin_cli", "--version"], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["typer", "click", "ctypes"])
def test_modules_in_the_working_directory_are_not_run(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("open('ran', 'w').close()\nraise SystemExit(3)")
    done = version(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "ran").exists()


def test_in_a_checkout_that_is_not_installed_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "keyin_cli").symlink_to(PACKAGE)
    assert version(tmp_path).returncode == 0
