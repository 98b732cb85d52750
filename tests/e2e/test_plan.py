"""`keyin plan`: rows, lines per episode, continuing after kill -9, refusing what does not fit."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Keyin = Callable[..., CompletedProcess[str]]
OUT = Path("artifacts/runs/planning")
TIMES = ("seconds", "seconds_per_episode")


@pytest.fixture(scope="module")
def planned(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """11 oracle episodes: more than run side by side."""
    path = tmp_path_factory.mktemp("plan")
    done = keyin("plan", "--method", "oracle", "--episodes", "11", "--json", cwd=path)
    assert done.returncode == 0, done.stderr
    return path, json.loads(done.stdout)


def lines(path: Path) -> list[dict]:
    rows = [json.loads(line) for line in (path / OUT / "oracle" / "episodes.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def test_a_row_and_a_line_for_every_episode(planned: tuple[Path, dict]) -> None:
    path, result = planned
    (row,) = result["rows"]
    assert row["method"] == "oracle"
    assert row["servo"] == "cem"
    assert row["episodes"] == 11
    assert row["success_rate"] >= 0.9
    episodes = lines(path)
    assert [episode["task"] for episode in episodes] == list(range(11))
    assert all(len(episode["path"]) == episode["steps"] + 1 for episode in episodes)
    assert row["success_rate"] == sum(episode["success"] for episode in episodes) / 11
    assert json.loads((path / OUT / "plan.json").read_text()) == result


def test_fewer_episodes_are_the_first_of_more_and_nothing_is_run_again(keyin: Keyin, planned: tuple[Path, dict]) -> None:
    path, result = planned
    before = (path / OUT / "oracle" / "episodes.jsonl").read_bytes()
    done = keyin("plan", "--method", "oracle", "--episodes", "5", "--json", "--out", OUT, cwd=path)
    again = json.loads(done.stdout)
    assert again["rows"][0]["episodes"] == 5
    assert again["tasks_sha256"] != result["tasks_sha256"]
    assert (path / OUT / "oracle" / "episodes.jsonl").read_bytes() == before


def test_killed_and_continued_is_never_interrupted(keyin: Keyin, planned: tuple[Path, dict], tmp_path: Path) -> None:
    path, result = planned
    command = [sys.executable, "-m", "keyin_cli", "plan", "--method", "oracle", "--episodes", "11"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    written = tmp_path / OUT / "oracle" / "episodes.jsonl"
    while not (written.is_file() and written.stat().st_size):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with written.open("a") as file:
        file.write('{"task": 10, "succ')  # as if killed while writing
    done = keyin("plan", "--method", "oracle", "--episodes", "11", "--json", cwd=tmp_path)
    assert "continuing" in done.stderr
    assert json.loads(done.stdout)["tasks_sha256"] == result["tasks_sha256"]
    assert lines(tmp_path) == lines(path)


def test_other_settings_are_refused_and_foreign_directories_left_alone(keyin: Keyin, planned: tuple[Path, dict]) -> None:
    path, _ = planned
    done = keyin("plan", "--method", "oracle", "--episodes", "2", "--seed", "1", cwd=path)
    assert done.returncode == 2
    assert "was planned differently (seed: 0 -> 1)" in done.stderr
    (path / "mine" / "none").mkdir(parents=True)
    (path / "mine" / "none" / "thesis.txt").write_text("")
    done = keyin("plan", "--method", "none", "--episodes", "2", "--out", "mine", "--overwrite", cwd=path)
    assert done.returncode == 2
    assert (path / "mine" / "none" / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("--method", "teleport"), "keyin: no method teleport: there are none, oracle"),
        (("--episodes", "0"), "Invalid value for '--episodes'"),
    ],
)
def test_bad_input(keyin: Keyin, tmp_path: Path, args: tuple[str, ...], line: str) -> None:
    done = keyin("plan", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert line in done.stderr


def test_a_dry_run_writes_nothing(keyin: Keyin, tmp_path: Path) -> None:
    done = keyin("plan", "--method", "none", "--episodes", "10", "--dry-run", "--json", cwd=tmp_path)
    estimate = json.loads(done.stdout)
    assert estimate["environment_steps"] == 10 * 60 * 3 * 200 * 8
    assert not list(tmp_path.iterdir())
