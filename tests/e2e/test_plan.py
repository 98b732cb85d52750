"""`keyin plan`: rows, lines per episode, pictures, continuing after kill -9, refusing what does not fit."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import RUN, Keyin, complaint, interrupt, printed
from small_pushing import save

OUT = Path("artifacts/runs/planning")
TIMES = ("seconds", "seconds_per_episode")


@pytest.fixture(scope="module")
def planned(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """11 oracle episodes: more than run side by side."""
    path = tmp_path_factory.mktemp("plan")
    args = ("--method", "oracle", "--episodes", "11", "--pictures", "1", "--workers", "1", "--json")
    return path, printed(keyin("plan", *args, cwd=path))


def lines(path: Path, method: str = "oracle") -> list[dict]:
    rows = [json.loads(line) for line in (path / OUT / method / "episodes.jsonl").read_text().splitlines()]
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
    assert row["success_curve"]["success_rate"][4] == row["success_rate"]  # at a threshold of 0.2
    assert json.loads((path / OUT / "plan.json").read_text()) == result


def test_pictures_of_all_tasks_and_of_the_best_and_the_worst(planned: tuple[Path, dict]) -> None:
    path, result = planned
    ranked = sorted(lines(path), key=lambda line: line["error"])
    episodes = [f"oracle/episode-{line['task']:03d}.{kind}" for line in (ranked[0], ranked[-1]) for kind in ("png", "mp4")]
    names = ["outcomes.png", "success.png", *episodes]
    assert result["figures"] == [str(OUT / name) for name in names]
    assert all((path / figure).stat().st_size > 1000 for figure in result["figures"])


def test_fewer_episodes_are_the_first_of_more_and_nothing_is_run_again(keyin: Keyin, planned: tuple[Path, dict]) -> None:
    path, result = planned
    before = (path / OUT / "oracle" / "episodes.jsonl").read_bytes()
    done = keyin("plan", "--method", "oracle", "--episodes", "5", "--pictures", "0", "--json", "--out", OUT, cwd=path)
    again = json.loads(done.stdout)
    assert again["rows"][0]["episodes"] == 5
    assert again["tasks_sha256"] != result["tasks_sha256"]
    assert (path / OUT / "oracle" / "episodes.jsonl").read_bytes() == before


def test_killed_and_continued_is_never_interrupted(keyin: Keyin, tmp_path: Path) -> None:
    args = ("plan", "--method", "random", "--episodes", "11", "--pictures", "0")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    result = json.loads(keyin(*args, "--workers", "1", "--json", cwd=whole).stdout)
    written = killed / OUT / "random" / "episodes.jsonl"
    command = (*args, "--workers", "1")
    interrupt(command, killed, lambda: written.is_file() and written.stat().st_size > 0, signal.SIGKILL, group=True)
    with written.open("a") as file:
        file.write('{"task": 10, "succ')  # as if killed while writing
    done = keyin(*args, "--workers", "2", "--json", cwd=killed)
    assert "continuing" in done.stderr
    assert json.loads(done.stdout)["tasks_sha256"] == result["tasks_sha256"]
    assert lines(killed, "random") == lines(whole, "random")


def test_other_settings_are_refused_and_foreign_directories_left_alone(here: Keyin, planned: tuple[Path, dict]) -> None:
    path, _ = planned
    other = here("plan", "--method", "oracle", "--episodes", "2", "--seed", "1", cwd=path)
    complaint(other, "was planned differently (seed: 0 -> 1)")
    (path / "mine" / "none").mkdir(parents=True)
    (path / "mine" / "none" / "thesis.txt").write_text("")
    complaint(here("plan", "--method", "none", "--episodes", "2", "--out", "mine", "--overwrite", cwd=path), "mine")
    assert (path / "mine" / "none" / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("--method", "teleport"), "keyin: no method teleport: there are all, initial, random, none, tap, jumpy"),
        ((), "keyin: keyin needs weights of `keyin train`: give --ckpt a run directory that has keyin/"),
        (("--ckpt", "nothing"), "keyin: no weights at nothing"),
        (("--servo", "pid"), "keyin: no servo pid: there are cem, icem"),
        (("--episodes", "0"), "invalid value for '--episodes'"),
    ],
)
def test_bad_input(here: Keyin, tmp_path: Path, args: tuple[str, ...], line: str) -> None:
    done = here("plan", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert line in done.stderr


def test_a_dry_run_writes_nothing(keyin: Keyin, tmp_path: Path) -> None:
    done = keyin("plan", "--method", "none", "--method", "random", "--episodes", "10", "--dry-run", "--json", cwd=tmp_path)
    estimate = json.loads(done.stdout)
    assert estimate["environment_steps"] == 10 * 60 * 3 * 200 * 8
    assert not list(tmp_path.iterdir())


def test_a_trained_method_and_what_it_is_compared_with(keyin: Keyin, tmp_path: Path) -> None:
    """With untrained weights; the subgoals alone are theirs."""
    run = save(tmp_path / "run")
    args = ("--method", "random", "--method", "keyin", "--episodes", "1", "--pictures", "1")
    done = keyin("plan", "--ckpt", run, *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "random against keyin: error " in done.stdout
    result = json.loads((tmp_path / OUT / "plan.json").read_text())
    assert [row["method"] for row in result["rows"]] == ["random", "keyin"]
    assert result["rows"][0]["against_keyin"]["mcnemar_p"] == 1
    assert len(result["figures"]) == 6


def test_weights_of_another_world_are_refused(here: Keyin, tiny: Path) -> None:
    line = "was trained on brownian frames of 32x32x1: planning needs weights of the pushing world"
    complaint(here("plan", "--ckpt", RUN, "--method", "keyin", "--out", "never", cwd=tiny), line)
    assert not (tiny / "never").exists()


@pytest.mark.parametrize(
    ("image", "line"),
    [
        (np.full((64, 64, 3), 200, np.uint8), "goal.png shows no puck"),
        (np.zeros((48, 64, 3), np.uint8), "goal.png is 64x48 px, expected 64x64"),
        (None, "no image at goal.png"),
    ],
)
def test_a_goal_that_cannot_be_used(here: Keyin, tmp_path: Path, image: np.ndarray | None, line: str) -> None:
    if image is not None:
        Image.fromarray(image).save(tmp_path / "goal.png")
    complaint(here("plan", "--method", "none", "--goal", "goal.png", "--episodes", "2", cwd=tmp_path), line)
    assert not (tmp_path / "artifacts").exists()


def test_no_back_end_is_one_line(keyin: Keyin, tmp_path: Path) -> None:
    done = keyin("plan", "--method", "none", "--episodes", "2", cwd=tmp_path, MUJOCO_GL="nothing")
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if line.startswith("keyin: cannot render with MUJOCO_GL=nothing")]
    assert not (tmp_path / "artifacts").exists()
