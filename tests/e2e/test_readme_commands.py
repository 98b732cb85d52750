"""Every `keyin` command and all Python on README.md and docs/*.md works, page by page, in order, on the tiny recipes."""

import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT, blocks, commands, smaller
from processes import Keyin

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.remove(ROOT / "docs" / "extending.md")  # whose commands need its files: test_extending.py


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page(page: Path, keyin: Keyin, tmp_path: Path) -> None:
    for command in commands(page):
        done = keyin(*smaller(command), cwd=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout, command


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_the_python_of_a_page(page: Path, keyin: Keyin, tmp_path: Path) -> None:
    program = "\n".join(blocks(page, "python"))
    if "artifacts/data/demo.zarr" in program:  # which `make demo` makes
        made = keyin("gen-data", "brownian", "--n", "100", "--out", "artifacts/data/demo.zarr", cwd=tmp_path)
        assert made.returncode == 0, made.stderr
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_there_are_commands_and_python() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 10
    assert blocks(ROOT / "README.md", "python")
