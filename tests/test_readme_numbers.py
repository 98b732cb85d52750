"""The numbers of README.md, docs/ and the recipes' headers are those of the committed result files.

The tables of Table 1 and the first of Table 2 stand in README.md; all else may stand on any page.
"""

import json
import re
from pathlib import Path

import pytest

from keyin_cli.commands.common import seconds_text
from keyin_cli.names import proposing, selecting
from keyin_cli.statistics import mcnemar

ROOT = Path(__file__).parent.parent
NEW = {"keyin-search", "surprise+number", "uniform"}  # rows that the released tables do not have yet


def readme() -> str:
    return (ROOT / "README.md").read_text()


def pages() -> str:
    """README.md and docs/, line by line as they are."""
    return "\n".join([readme(), *(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))])


def prose() -> str:
    """The same with all space alike, for claims that run over the end of a line."""
    return " ".join(pages().split())


@pytest.mark.parametrize(("name", "missing"), [("brownian", NEW), ("pushing", NEW | {"soft-pixels"})])
def test_the_numbers_are_those_of_the_table(name: str, missing: set[str]) -> None:
    file = f"artifacts/released/{name}/table.json"
    header, table_page, everywhere = (ROOT / f"recipes/{name}.yaml").read_text(), readme(), pages()
    assert f"<!-- table: {file} -->" in table_page
    table = json.loads((ROOT / file).read_text())
    assert {row["method"] for row in table["rows"]} == set(selecting()) - missing
    first = table["rows"][0]
    true = first["keyframes_per_sequence"] * first["precision"]["0"] / first["recall"]["0"]
    assert re.search(rf"{table['n']:,} (test )?sequences(,| with) {true:.1f} true keyframes", prose())
    for row in table["rows"]:
        assert f" {row['method']} {row['f1']['0']:.3f}" in header
        low, high = row["ci95"]["0"]
        scores = f"{row['f1']['0']:.3f} | {low:.3f} to {high:.3f} | {row['f1']['1']:.3f} | {row['keyframes_per_sequence']:.2f}"
        trained = seconds_text(row["seconds"]) if "seconds" in row else "–"
        assert f"| {row['method']} | {scores} | {trained} |" in table_page
        if len(row.get("seeds", {"f1": []})["f1"]) > 1:
            assert f"{row['seeds']['mean']:.3f} ± {row['seeds']['std']:.3f}" in everywhere
    for row in table["quality"]:
        parts = [f"{row[part]['psnr']:.1f} / {row[part]['ssim']:.3f}" for part in ("reconstruction", "best")]
        assert f"| {row['method']} | {' | '.join(parts)} | {row['diversity']:.1f} |" in everywhere
    for row in table.get("paths", []):
        shares = [row[part] for part in ("left", "right", "inside_wall", "overlapping_wall")]
        assert f"| {row['method']} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |" in everywhere


def test_the_numbers_of_the_pushing_world_are_those_of_its_result_files() -> None:
    claims, everywhere = prose(), pages()
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
    for row in plan["rows"]:
        low, high = row["success_ci95"]
        scores = f"{100 * row['success_rate']:.0f} % | {100 * low:.0f} to {100 * high:.0f} %"
        errors = f"{row['error_mean']:.2f} ± {row['error_std']:.2f} | {row['error_over_initial']:.2f} | {row['steps_mean']:.0f}"
        assert f"| {row['method']} | {scores} | {errors} |" in everywhere
    assert {row["method"] for row in plan["rows"]} == {"none", "oracle"}


@pytest.mark.parametrize(
    ("servo", "tasks", "missing"),
    [
        ("cem", 240, {"initial", "keyin+every"}),
        ("icem", 120, {"initial", "keyin+free", "keyin+every", "keyin+wall", "keyin+free+wall"}),
    ],
)
def test_the_numbers_of_table_2_are_those_of_its_result_files(servo: str, tasks: int, missing: set[str]) -> None:
    page, folder = readme() if servo == "cem" else pages(), f"artifacts/released/planning/{servo}"
    assert f"<!-- table: {folder} -->" in page
    rows = json.loads((ROOT / folder / "plan.json").read_text())["rows"]
    assert {row["method"] for row in rows} == set(proposing()) - missing
    assert {row["servo"] for row in rows} == {servo, "random"}
    for row in rows:
        low, high = row["success_ci95"]
        scores = f"{100 * row['success_rate']:.1f} % | {100 * low:.1f} to {100 * high:.1f} %"
        errors = f"{row['error_mean']:.2f} ± {row['error_std']:.2f} | {row['error_over_initial']:.2f} | {row['steps_mean']:.0f}"
        line = f"| {row['method']} | {scores} | {errors} |"
        if "against_keyin" in row:
            other = row["against_keyin"]
            low, high = other["error_difference_ci95"]
            line += f" {other['error_difference']:+.2f} ({low:+.2f} to {high:+.2f}) | {other['mcnemar_p']:.2g} |"
        assert line in page
        assert len((ROOT / folder / row["method"] / "episodes.jsonl").read_text().splitlines()) == row["episodes"] == tasks


def test_what_the_pages_tell_beside_table_2() -> None:
    claims, planning = prose(), ROOT / "artifacts/released/planning"
    rows = {row["method"]: row for row in json.loads((planning / "cem/plan.json").read_text())["rows"]}
    assert f"TAP copies the goal in {100 * rows['tap']['copies_goal']:.0f} % of the tasks" in claims
    jumpy, keyin = (
        [json.loads(line)["success"] for line in (planning / folder / "episodes.jsonl").read_text().splitlines()[:120]]
        for folder in ("jumpy-kl0.5", "cem/keyin")
    )
    gained, lost = (sum(a and not b for a, b in zip(*pair, strict=True)) for pair in ((jumpy, keyin), (keyin, jumpy)))
    claim = f"{sum(jumpy)} of the first {len(jumpy)} tasks, KeyIn {sum(keyin)} (p {mcnemar(gained, lost):.2f})"
    assert claims.count(claim) == 2


def test_the_speed_of_the_servo_is_that_of_its_result_file() -> None:
    speed = json.loads((ROOT / "artifacts/released/planning/benchmark.json").read_text())
    assert f"{speed['ratio']:.1f} times as many actions per second as a plain loop" in prose()


def test_the_first_screen_says_what_keyin_is_trained_by() -> None:
    scores = {
        row["method"]: row["f1"]["0"] for row in json.loads((ROOT / "artifacts/released/brownian/table.json").read_text())["rows"]
    }
    first = " ".join("\n".join(readme().splitlines()[:30]).split())
    assert "trained to imitate an exact search" in first
    assert f"F1 of {scores['keyin']:.3f}" in first
    assert f"{scores['soft-embeddings']:.3f} between embeddings" in first
    assert f"{scores['soft-pixels']:.3f} between pixels" in first


def test_released_weights_are_small_and_whole() -> None:
    from keyin_cli.methods.checkpoints import load_model

    for weights in (ROOT / "artifacts/released").rglob("*.safetensors"):
        assert weights.stat().st_size < 5e6
        load_model(weights)
