"""Every `keyin` command in README.md works, in the README's order, on the tiny recipe."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Keyin = Callable[..., CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SMALLER = {
    r"artifacts/released/": f"{ROOT}/artifacts/released/",
    r"recipes/brownian(-demo)?\.yaml": "recipes/tiny/brownian.yaml",
    r"artifacts/runs/brownian(-demo)?\b": "artifacts/runs/tiny-brownian",
}
SEQUENCES = "2400"


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    lines = [part.strip() for block in blocks for line in block.splitlines() for part in line.split("&&")]
    return [line for line in lines if line.startswith("keyin ")]


def smaller(command: str) -> list[str]:
    """The same command on the tiny recipe and a small dataset."""
    for large, small in SMALLER.items():
        command = re.sub(large, small, command)
    command = re.sub(r"--episodes \d+", "--episodes 2", command)
    words = shlex.split(command, comments=True)[1:]
    if words[0] == "gen-data" and "--n" not in words:
        return [*words, "--n", SEQUENCES]
    return [SEQUENCES if before == "--n" else word for before, word in zip(["", *words], words, strict=False)]


def test_the_commands_of_the_readme(keyin: Keyin, tmp_path: Path) -> None:
    assert commands()
    for command in commands():
        done = keyin(*smaller(command), cwd=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout, command
