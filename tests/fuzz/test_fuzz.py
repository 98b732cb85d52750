"""A sample of every family's cases: nothing may be wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import families, table

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """The results of all samples, from one run: torch is imported once, and families share their templates."""
    out = tmp_path_factory.mktemp("fuzz")
    command = [sys.executable, "-m", "fuzz", "--sample", "--out", out]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert "cases are left" not in done.stdout, done.stderr
    return [json.loads(line) for file in out.glob("results-*.jsonl") for line in file.read_text().splitlines()]


@pytest.mark.parametrize("name", [each for each in families.names() if families.family(each).SAMPLE])
def test_a_sample(name: str, sampled: list[dict[str, object]]) -> None:
    cases = [each for each in sampled if each["family"] == name]
    assert cases
    assert [each for each in cases if each["problems"]] == []


def test_the_page_shows_the_last_whole_run() -> None:
    root = TESTS.parent
    whole = json.loads((root / "artifacts" / "released" / "fuzz" / "table.json").read_text())["rows"]
    assert table.markdown(whole) in (root / "docs" / "reliability.md").read_text()
    counts: dict[str, int] = {}
    for module in map(families.family, families.names()):
        counts[module.ROW] = counts.get(module.ROW, 0) + module.COUNT
    assert {row["tried"]: row["number"] for row in whole} == counts
