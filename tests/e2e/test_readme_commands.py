"""Every `keyin` command and all Python on README.md and docs/*.md works, page by page, in order, on the tiny recipes."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Keyin = Callable[..., CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.remove(ROOT / "docs" / "extending.md")  # whose commands need its files: test_extending.py
SMALLER = {
    r"--ckpt artifacts/released/": f"--ckpt {ROOT}/artifacts/released/",
    r"recipes/(brownian|pushing)(-demo)?\.yaml": r"recipes/tiny/\1.yaml",
    r"artifacts/runs/(brownian|pushing)(-demo)?\b": r"artifacts/runs/tiny-\1",
}
SEQUENCES = {"brownian": "2400", "pushing": "120"}
LESS = {
    "eval-f1": ["--limit", "8"],
    "plan": ["--pictures", "0"],
    "table": ["--seeds", "1", "--sequences", "4", "--samples", "2", "--baseline", "static"],
}


def blocks(page: Path, language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return found


def commands(page: Path) -> list[str]:
    lines = [part.strip() for block in blocks(page, "sh") for line in block.splitlines() for part in line.split("&&")]
    return [line for line in lines if line.startswith("keyin ")]


def smaller(command: str) -> list[str]:
    """The same command on a tiny recipe and a small dataset."""
    for large, small in SMALLER.items():
        command = re.sub(large, small, command)
    command = re.sub(r"--episodes \d+", "--episodes 2", command)
    words = shlex.split(command, comments=True)[1:]
    if words[0] != "gen-data":
        return [*words, *LESS.get(words[0], [])]
    count = SEQUENCES[words[1]]
    words = [count if before == "--n" else word for before, word in zip(["", *words], words, strict=False)]
    return words if "--n" in words else [*words, "--n", count]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page(page: Path, keyin: Keyin, tmp_path: Path) -> None:
    for command in commands(page):
        done = keyin(*smaller(command), cwd=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout, command


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_the_python_of_a_page(page: Path, keyin: Keyin, tmp_path: Path) -> None:
    made = keyin("gen-data", "brownian", "--n", "100", "--out", "artifacts/data/demo.zarr", cwd=tmp_path)  # as `make demo`
    assert made.returncode == 0, made.stderr
    program = "\n".join(blocks(page, "python"))
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_there_are_commands_and_python() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 10
    assert blocks(ROOT / "README.md", "python")
