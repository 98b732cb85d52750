"""`keyin benchmark` on a small dataset: its tables, files and page; stopped and run again, twice at once, in more processes."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import demonstration_pieces as pieces
import pytest
from made import left, steady
from processes import Keyin, complaint, interrupt, printed, start

from keyin_cli import storage
from keyin_cli.report import build

CHEAP = ("--method", "motion", "--method", "peract", "--method", "uvd")
RUN = ("benchmark", "turns.zarr", *CHEAP, "--out", "out", "--json")
ONE = (*RUN, "--workers", "1")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with turns.zarr."""
    return pieces.turns(tmp_path_factory.mktemp("benchmark") / "turns.zarr").parent


@pytest.fixture(scope="module")
def done(keyin: Keyin, data: Path) -> tuple[Path, Any]:
    """The directory in which the benchmark ran, and what it printed."""
    return data, printed(keyin(*ONE, cwd=data))


def found(path: Path) -> dict[str, Any]:
    """What a benchmark left, but for pages and tables that tell how long it took."""
    return {name: each for name, each in left(path).items() if name not in ("report.html", "table.md", "manifest.json")}


def copied(data: Path, to: Path) -> Path:
    shutil.copytree(data / "turns.zarr", to / "turns.zarr")
    return to


def test_the_tables(done: tuple[Path, Any]) -> None:
    path, result = done
    rows = {(row["part"], row["number"], row["method"]): row for row in result["rows"]}
    assert {key[2] for key in rows if key[:2] == ("signals", "own")} == {"motion", "peract", "uvd", "uniform", "random"}
    assert ("signals", "given", "peract") not in rows  # it cannot be told
    assert not [key for key in rows if key[0] == "pixels" and key[2] == "peract"]
    assert rows["signals", "own", "peract"]["scores"]["f1_0"]["value"] > 0.9  # the gripper moves where events are
    (dataset,) = result["datasets"]
    assert (dataset["name"], dataset["episodes"], dataset["scored"], dataset["left_out"]) == ("turns", 8, 6, [])
    assert result["rows"] == json.loads((path / "out/table.json").read_text())["rows"]
    assert result["report"] == "out/report.html"
    assert {line["method"] for line in result["reconstructions"]} == {"motion", "uvd", "uniform", "random", "optimum", "events"}
    assert (path / "out/reconstruction.png").read_bytes().startswith(b"\x89PNG")
    markdown = (path / "out/table.md").read_text()
    assert markdown.count("| uniform") == 5
    assert "### turns, reconstructed from K keyframes" in markdown
    assert "### turns, pixels, told how many" in markdown
    kept = {str(file.relative_to(path / "out")) for file in (path / "out").rglob("detected.json")}
    parts = [("pixels", "motion"), ("pixels", "uvd"), ("signals", "motion"), ("signals", "peract"), ("signals", "uvd")]
    assert kept == {f"turns/{part}/{method}/detected.json" for part, method in parts}


def test_the_page_shows_tables_and_keyframes(done: tuple[Path, Any], here: Keyin, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = done
    monkeypatch.chdir(path)
    page = build(Path("out"))
    assert (page.kind, len(page.episodes), len(page.tables)) == ("benchmark", 4, 5)
    assert page.pictures == [Path("out/reconstruction.png")]
    first = page.episodes[0]
    assert first.name == "turns, episode 1"  # episode 0 chooses the shift
    assert {page.compared, *first.others} == {
        "motion, pixels",
        "uvd, pixels",
        "motion, signals",
        "uvd, signals",
        "peract, signals",
    }
    own = json.loads((path / "out/turns/signals/peract/detected.json").read_text())["own"]
    assert first.others["peract, signals"].tolist() == own[1]
    assert len(first.labels) == 3
    again = printed(here("report", "out", "--episodes", "2:4", "--out", "two.html", "--json", cwd=path))
    assert (again["kind"], again["episodes"]) == ("benchmark", 2)
    assert (path / "out/report.html").read_text().startswith("<!doctype html>")
    complaint(
        here("report", "out", "--episodes", "90:99", "--out", "two.html", cwd=path),
        "--episodes: out has the episodes 0 to 5: give others",
    )


def test_info_says_that_it_is_finished(done: tuple[Path, Any], here: Keyin) -> None:
    assert "state       finished" in here("info", "out", cwd=done[0]).stdout


def test_a_second_run_looks_at_nothing_again(done: tuple[Path, Any], here: Keyin) -> None:
    path, result = done
    files = {file: file.stat().st_mtime_ns for file in (path / "out").rglob("detected.json")}
    assert printed(here(*ONE, cwd=path)) == result
    assert {file: file.stat().st_mtime_ns for file in (path / "out").rglob("detected.json")} == files


def test_a_person_sees_the_tables(done: tuple[Path, Any], here: Keyin) -> None:
    shown = here(*(word for word in ONE if word != "--json"), cwd=done[0])
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "turns: 6 of 8 episodes scored, 3.0 events each, turns.zarr" in shown.stdout
    assert shown.stdout.count("against the best [95 %]") == 4
    assert "* is told the true number of keyframes of every episode." in shown.stdout
    assert "turns, reconstructed from K keyframes" in shown.stdout


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_stopped_and_run_again(number: signal.Signals, done: tuple[Path, Any], data: Path, keyin: Keyin, tmp_path: Path) -> None:
    """It is stopped while methods look, or search, which comes last, is trained, and goes on without search."""
    path = copied(data, tmp_path)
    first = path / "out/turns/pixels/uvd/detected.json"
    stopped = interrupt((*ONE, "--method", "search"), path, first.is_file, number, group=True)
    assert (stopped.returncode, stopped.stdout) == (-9 if number is signal.SIGKILL else 130, "")
    if number is signal.SIGTERM:
        complaint(stopped, "stopped; ", " kept: run the same command again to continue", code=130)
    assert not (path / "out/table.json").exists()
    assert "finished" not in json.loads((path / "out/manifest.json").read_text())
    before = first.stat().st_mtime_ns
    again = keyin(*ONE, cwd=path)
    assert "are done, continuing" in again.stderr
    assert steady(printed(again)) == steady(done[1])
    assert first.stat().st_mtime_ns == before
    assert {name: each for name, each in found(path / "out").items() if "/search/" not in name} == found(data / "out")


def test_two_at_once_in_two_processes_each(done: tuple[Path, Any], data: Path, tmp_path: Path) -> None:
    path = copied(data, tmp_path)
    both = [start((*RUN, "--workers", "2"), path) for _ in range(2)]
    ended = [(process.communicate(timeout=120), process.returncode) for process in both]
    assert [code for _, code in ended] == [0, 0], ended
    assert [steady(json.loads(out)) for (out, _), _ in ended] == [steady(done[1])] * 2
    assert found(path / "out") == found(data / "out")


def test_who_must_not_wait(done: tuple[Path, Any], data: Path, keyin: Keyin, tmp_path: Path) -> None:
    path = copied(data, tmp_path)
    with storage.locked(path / "out"):
        refused = keyin(*ONE, "--no-wait", cwd=path)
    complaint(refused, "out is in use by process ", "run the same command again when that has ended")
    assert not (path / "out").exists()


def test_methods_that_are_trained(keyin: Keyin, here: Keyin, tmp_path: Path) -> None:
    pieces.turns(tmp_path / "turns.zarr", n=4, length=16)
    args = ("benchmark", "turns.zarr", "--method", "search", "--minutes", "0.1", "--seed", "3", "--out", "out", "--json")
    result = printed(keyin(*args, cwd=tmp_path))
    rows = {(row["part"], row["number"]): row for row in result["rows"] if row["method"] == "search"}
    assert set(rows) == {(part, number) for part in ("pixels", "signals") for number in ("given", "own")}
    assert all(row["preparation_seconds"] > 0 and not row["actions"] for row in rows.values())
    recipe = (tmp_path / "out/turns/signals/search/recipe.yaml").read_text()
    assert "seed: 3" in recipe
    assert "signals: {observation.state: 3}" in recipe
    weights = tmp_path / "out/turns/pixels/search/run/interpolator/weights.safetensors"
    before = weights.stat().st_mtime_ns
    (tmp_path / "out/turns/pixels/search/detected.json").unlink()
    assert steady(printed(here(*args, cwd=tmp_path))) == steady(result)
    assert weights.stat().st_mtime_ns == before  # trained once


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("nothing.zarr",), ["no dataset nothing.zarr: give the path of labelled episodes, or one of "]),
        (("bare.zarr",), ["bare.zarr has no labels to score against: import it with --labels"]),
        (
            ("turns.zarr", "--method", "motoin"),
            ["no method that finds keyframes of whole demonstrations motoin: did you mean motion?"],
        ),
        (("turns.zarr", "--method", "random"), ["random is in every table by itself: name another method, too"]),
        (("turns.zarr", "other/turns.zarr", "--method", "motion"), ["two datasets are called turns: rename one of them"]),
        (
            ("turns.zarr", *CHEAP, "--seed", "2"),
            ["out was made with other settings (seed: 1 -> 2): give another --out, or --overwrite"],
        ),
        (("turns.zarr", *CHEAP, "--out", "mine"), ["mine holds files that keyin did not make, it is left alone"]),
        (("turns.zarr", *CHEAP, "--out", "."), ["turns.zarr lies in ., where results go: give another --out"]),
        (
            ("turns.zarr", *CHEAP, "--out", "turns.zarr/new"),
            ["turns.zarr/new lies in the dataset turns.zarr: give another --out"],
        ),
        (("gridworld", *CHEAP, "--out", "artifacts"), ["seed1.zarr lies in artifacts, where results go: give another --out"]),
        (("roles.zarr", *CHEAP, "--out", "new"), ["roles.zarr: no role hand: there are gripper"]),
        (("handless.zarr", "--method", "peract", "--out", "new"), ["no method can look at handless.zarr: peract needs the role"]),
        (("file", *CHEAP), ["file is no dataset of episodes"]),
    ],
)
def test_what_is_refused(words: tuple[str, ...], parts: list[str], done: tuple[Path, Any], here: Keyin) -> None:
    path, _ = done
    if not (path / "bare.zarr").exists():
        pieces.turns(path / "bare.zarr", labelled=False)
        pieces.turns(path / "handless.zarr", roles={})
        pieces.turns(path / "roles.zarr", roles={"hand": "action"})
        (path / "other").mkdir()
        pieces.turns(path / "other/turns.zarr")
        (path / "mine").mkdir()
        (path / "mine/notes.txt").write_text("{}")
        (path / "file").write_text("")
    before = found(path / "out")
    complaint(here("benchmark", *(("--out", "out") if "--out" not in words else ()), "--workers", "1", *words, cwd=path), *parts)
    assert found(path / "out") == before
    assert (path / "mine/notes.txt").read_text() == "{}"
    assert [file.name for file in (path / "mine").iterdir()] == ["notes.txt"]  # --overwrite would delete it later


def test_overwrite_begins_anew(done: tuple[Path, Any], data: Path, here: Keyin, tmp_path: Path) -> None:
    path = copied(data, tmp_path)
    shutil.copytree(data / "out", path / "out")
    result = printed(here(*ONE, "--seed", "2", "--overwrite", "--method", "motion", cwd=path))
    assert result["seed"] == 2
    assert {row["method"] for row in result["rows"]} == {"motion", "peract", "uvd", "uniform", "random"}
    chance = {row["method"]: row["scores"] for row in result["rows"] if row["number"] == "given" and row["part"] == "pixels"}
    before = {row["method"]: row["scores"] for row in done[1]["rows"] if row["number"] == "given" and row["part"] == "pixels"}
    assert chance["uniform"]["f1_1"]["value"] == before["uniform"]["f1_1"]["value"]
    assert chance["random"]["f1_1"]["value"] != before["random"]["f1_1"]["value"]


def test_a_damaged_table_has_no_page(done: tuple[Path, Any], data: Path, here: Keyin, tmp_path: Path) -> None:
    shutil.copytree(data / "out", tmp_path / "out")
    (tmp_path / "out/table.json").write_text('{"rows": []}')
    complaint(here("report", "out", cwd=tmp_path), "holds no benchmark: seed: Field required: run keyin benchmark again")


def test_datasets_that_are_made(keyin: Keyin, here: Keyin, tmp_path: Path) -> None:
    pytest.importorskip("minigrid")
    args = ("benchmark", "gridworld", "--n", "4", "--method", "motion", "--workers", "1", "--json")
    result = printed(keyin(*args, cwd=tmp_path))
    (dataset,) = result["datasets"]
    assert (dataset["name"], dataset["path"]) == ("gridworld", "artifacts/data/gridworld-n4-seed1.zarr")
    assert (dataset["episodes"], dataset["scored"]) == (4, 3)
    assert steady(printed(here(*args, cwd=tmp_path))) == steady(result)
