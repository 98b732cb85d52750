"""The commands and programs that pages show, and the same commands on tiny recipes and small datasets."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parent.parent
SMALLER = {
    r"--ckpt artifacts/released/": f"--ckpt {ROOT}/artifacts/released/",
    r"--minutes \d+": "--minutes 0.1",
    r"recipes/(brownian|pushing|gridworld)(-demo)?\.yaml": r"recipes/tiny/\1.yaml",
    r"artifacts/runs/(brownian|pushing|gridworld)(-demo)?\b": r"artifacts/runs/tiny-\1",
}
SEQUENCES = {"brownian": "2400", "pushing": "120", "blinking": "1200", "gridworld": "40"}
LESS = {
    "benchmark": ["--n", "4", "--method", "motion"],
    "eval-f1": ["--limit", "8"],
    "plan": ["--pictures", "0"],
    "table": ["--seeds", "1", "--sequences", "4", "--samples", "2"],
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
    command = re.sub(r"\.steps=\d+", ".steps=12", command)
    words = shlex.split(command, comments=True)[1:]
    if words[0] == "table" and "--baseline" not in words:
        words += ["--baseline", "static"]
    if words[0] != "gen-data":
        return [*words, *LESS.get(words[0], [])]
    count = SEQUENCES[words[1]]
    words = [count if before == "--n" else word for before, word in zip(["", *words], words, strict=False)]
    return words if "--n" in words else [*words, "--n", count]
