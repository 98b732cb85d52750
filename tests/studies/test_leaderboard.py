"""Rows of tables on the leaderboard, and both on pages."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keyin_cli.discovery.benchmark.measures import MEASURES

ROOT = Path(__file__).parents[2]
TOLD = ("--by", "A. Name", "--link", "https://example.org/mine")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    score = {"value": 0.5, "ci95": [0.25, 0.75]}
    row: dict[str, Any] = {"dataset": "d", "part": "pixels", "number": "own", "method": "mine", "shift": 1}
    row |= {"keyframes_per_episode": 3.0, "scores": dict.fromkeys(MEASURES, score)}
    dataset = {"name": "d", "path": "p", "sha256": "s", "episodes": 14, "scored": 11, "events_per_episode": 3.0}
    file = tmp_path / "table.json"
    file.write_text(json.dumps({"seed": 0, "minutes": 1.0, "datasets": [dataset], "rows": [row]}))
    return file


def add(table: Path, board: Path, method: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "studies/leaderboard.py", table, "--board", board, "--method", method, *TOLD]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_row_is_added_and_shown(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = tmp_path / "board.json"
    done = add(table, board, "mine")
    assert (done.returncode, done.stdout) == (0, f"{board}: 1 rows\n"), done.stderr
    refused = add(table, board, "theirs")
    assert (refused.returncode, refused.stderr) == (2, "leaderboard: the tables have no method theirs: there are mine\n")
    monkeypatch.syspath_prepend(ROOT / "studies")
    tables = importlib.import_module("tables")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    page = "<!-- benchmark: table.json#d/pixels/own -->\n\n| old |\n\n<!-- leaderboard: board.json -->\n\n"
    written = tables.written(page)
    assert "| mine | 0.500 | 0.500 [0.250, 0.750] | 0.500 |" in written
    assert "| d | pixels | own | [mine](https://example.org/mine) | 0.500 | 0.500 [0.250, 0.750] |" in written
    assert "old" not in written
    assert tables.written(written) == written
