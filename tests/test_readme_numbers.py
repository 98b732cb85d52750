"""The numbers of README.md, docs/ and the recipes' headers are those of the committed result files.

The tables of Table 1 and the first of Table 2 stand in README.md; all else may stand on any page.
"""

import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from keyin_cli.commands.common import seconds_text
from keyin_cli.commands.table import scores
from keyin_cli.names import proposing, selecting

ROOT = Path(__file__).parent.parent


def readme() -> str:
    return (ROOT / "README.md").read_text()


def pages() -> str:
    """README.md and docs/, line by line as they are."""
    return "\n".join([readme(), *(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))])


def prose() -> str:
    """The same with all space alike, for claims that run over the end of a line."""
    return " ".join(pages().split())


@pytest.fixture
def pages_of(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "studies")
    return importlib.import_module("tables")


def test_every_table_is_that_of_its_result_file(pages_of: ModuleType) -> None:
    """`python studies/tables.py` would change no page, and it finds the tables."""
    for page in pages_of.pages():
        assert pages_of.written(page.read_text()) == page.read_text(), page
    found = [match[2] for page in pages_of.pages() for match in pages_of.TABLE.finditer(page.read_text())]
    tables = [f"artifacts/released/{name}" for name in ("brownian/table.json", "pushing/table.json", "planning/cem")]
    assert set(tables) <= set(found)
    comments = [line for page in pages_of.pages() for line in page.read_text().splitlines() if line.startswith("<!-- ")]
    assert len([line for line in comments if not line.startswith("<!-- file:")]) == len(found)


def test_a_table_is_written_from_its_file(pages_of: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_of, "ROOT", tmp_path)
    score = {"0": 0.5, "1": 0.75, "2": 1.0}
    row = {"method": "uniform", "f1": score, "ci95": {"0": [0.4, 0.6]}, "keyframes_per_sequence": 4.0, "told": "the number"}
    row["aligned"] = {"shift": -1, "f1": {"0": 0.625, "1": 0.75, "2": 1.0}, "ci95": {"0": [0.6, 0.7]}}
    (tmp_path / "brownian").mkdir()
    (tmp_path / "brownian/table.json").write_text(json.dumps({"rows": [row]}))
    page = "before\n\n<!-- table: brownian/table.json -->\n\n| old |\n|---|\n\nafter\n"
    written = pages_of.written(page)
    assert "| uniform* | 0.500 | 0.625 | -1 | 0.600 to 0.700 | 0.750 | 1.000 | 4.00 | – | – | – | – |\n\nafter" in written
    head = written.splitlines()[4]
    assert head.split(" | ")[-3:] == ["sequences seen", "trained in", "the paper, 2019 / 2020 |"]
    assert "old" not in written
    assert written.startswith("before\n\n<!-- table: brownian/table.json -->\n\n| method |")
    assert pages_of.written(written) == written


@pytest.mark.parametrize(("name", "missing"), [("brownian", set()), ("pushing", {"soft-pixels", "keyin-search"})])
def test_the_tables_have_all_rows_and_the_headers_their_first(name: str, missing: set[str]) -> None:
    table = json.loads((ROOT / f"artifacts/released/{name}/table.json").read_text())
    assert {row["method"] for row in table["rows"]} == set(selecting()) - missing
    first, *_ = table["rows"]
    (true,) = (row["keyframes_per_sequence"] for row in table["rows"] if row["method"] == "uniform")  # it is told the number
    assert re.search(rf"{table['n']:,} (test )?sequences(,| with) {true:.1f} true keyframes", prose())
    assert f"keyin {scores(first)[1]:.3f} aligned" in (ROOT / f"recipes/{name}.yaml").read_text()


def test_the_numbers_of_the_pushing_world_are_those_of_its_result_files() -> None:
    claims = prose()
    released = ROOT / "artifacts/released/pushing-data"
    made, speed, statistics, plan = (
        json.loads((released / f"{name}.json").read_text()) for name in ("gen_data", "benchmark", "statistics", "plan")
    )
    pushing = statistics["statistics"]["pushing"]
    assert statistics["dataset"]["sha256"] == made["sha256"]
    for claim in (
        f"{made['n']:,} sequences take {seconds_text(made['seconds'])}, {made['bytes'] / 1e6:.0f} MB on disk",
        f"and {made['peak_memory_bytes'] / 1e9:.1f} GB of memory",
        f"{speed['ratio']:.1f} times as fast",
        f"succeeds in {100 * pushing['success_rate']:.1f} % of its attempts",
        f"{100 * pushing['sides']['left']:.0f} % of its demonstrations go around the left end",
        f"shortest path is {pushing['lengths']['shortest']['mean']:.2f} on average",
    ):
        assert claim in claims, claim
    assert {row["method"] for row in plan["rows"]} == {"none", "oracle"}


@pytest.mark.parametrize(
    ("servo", "tasks", "missing"),
    [
        ("cem", 240, {"keyin+every"}),
        ("icem", 120, {"initial", "keyin+free", "keyin+every", "keyin+wall", "keyin+free+wall"}),
    ],
)
def test_table_2_has_all_rows_of_all_tasks(servo: str, tasks: int, missing: set[str]) -> None:
    folder = ROOT / f"artifacts/released/planning/{servo}"
    rows = json.loads((folder / "plan.json").read_text())["rows"]
    assert {row["method"] for row in rows} == set(proposing()) - missing
    assert {row["servo"] for row in rows} - {"still"} == {servo, "random"}  # initial stands still
    for row in rows:
        assert len((folder / row["method"] / "episodes.jsonl").read_text().splitlines()) == row["episodes"] == tasks


def test_what_the_pages_tell_beside_table_2() -> None:
    claims, planning = prose(), ROOT / "artifacts/released/planning"
    rows = {row["method"]: row for row in json.loads((planning / "cem/plan.json").read_text())["rows"]}
    assert f"TAP copies the goal in {100 * rows['tap']['copies_goal']:.0f} % of the tasks" in claims
    solved = [
        {row["method"]: round(row["success_rate"] * row["episodes"]) for row in json.loads(file.read_text())["rows"]}
        for file in sorted((planning / "seeds").glob("*.json"))
    ]
    claim = f"KeyIn's other two solve {solved[0]['keyin']} and {solved[1]['keyin']}"
    assert claims.count(claim) == 2
    assert (
        f"TAP had {100 * solved[0]['tap'] / 240:.1f} % and *jumpy*, less trained, {100 * solved[0]['jumpy'] / 240:.1f} %"
        in claims
    )
    assert f"with fewer sequences, {solved[0]['tap']} and {solved[0]['jumpy']}" in claims
    assert f"KeyIn solves {round(rows['keyin']['success_rate'] * 240)} of them" in claims
    assert f"which solves {round(rows['surprise']['success_rate'] * 240)} and has no room above it" in claims


def test_the_speed_of_the_servo_is_that_of_its_result_file() -> None:
    speed = json.loads((ROOT / "artifacts/released/planning/benchmark.json").read_text())
    assert f"{speed['ratio']:.1f} times as many actions per second as a plain loop" in prose()


def test_the_first_screen_says_how_keyin_was_trained_and_what_the_papers_loss_alone_reaches() -> None:
    tables = [json.loads((ROOT / f"artifacts/released/{name}/table.json").read_text()) for name in ("brownian", "pushing")]
    brownian, pushing = ({row["method"]: scores(row)[1] for row in table["rows"]} for table in tables)
    first = " ".join("\n".join(readme().splitlines()[:30]).split())
    assert "no label and no search" in first
    assert f"F1 of {brownian['keyin']:.3f} on Brownian motion and of {pushing['keyin']:.3f} on the pushing world" in first
    assert f"{brownian['soft-pixels']:.3f} on Brownian motion (*soft-pixels*)" in first
    assert f"{brownian['soft-embeddings']:.3f} and {pushing['soft-embeddings']:.3f} (*soft-embeddings*)" in first


def test_released_weights_are_small_and_whole() -> None:
    from keyin_cli.methods.checkpoints import load_model

    for weights in (ROOT / "artifacts/released").rglob("*.safetensors"):
        assert weights.stat().st_size < 5e6
        load_model(weights)
