"""Tables of pages that stand below a comment: one of reconstructions, from a file of `keyin benchmark`."""

import importlib
from pathlib import Path

import pytest
import report_pieces as pieces

STUDIES = Path(__file__).parents[2] / "studies"


def test_a_table_of_reconstructions_follows_its_comment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(STUDIES))
    tables = importlib.import_module("tables")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    pieces.benchmark(tmp_path)
    comment = "<!-- reconstruction: bench/table.json#mine -->\n\n"
    made = tables.written(f"before\n\n{comment}| old |\n|---|\n\nafter\n")
    assert made == (
        f"before\n\n{comment}| method | K = 1, dB | K = 1, above uniform |\n|---|---|---|\n"
        "| uvd† | 20.50 (0.5) | +0.50 [+0.25, +0.75] |\n\nafter\n"
    )
    assert tables.written(made) == made
