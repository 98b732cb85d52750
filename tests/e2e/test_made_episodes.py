"""Episodes of a kind: killed and continued, by one worker or two, and what other commands make of them."""

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import zarr
from processes import Keyin, complaint, interrupt, printed

from keyin_cli import storage
from keyin_cli.datasets.episodes.writer import PROGRESS
from keyin_cli.errors import InputError

pytest.importorskip("minigrid")  # the extra `benchmark`

N = 24
MAKE = ("gen-data", "gridworld", "--n", str(N), "--out", "data.zarr", "--json")


@pytest.fixture(scope="module")
def whole(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """What `gen-data` prints when nothing interrupts it and one worker does all, and where."""
    path = tmp_path_factory.mktemp("whole")
    return printed(keyin(*MAKE, "--workers", "1", cwd=path)), path


def there(folder: Path) -> int:
    """How many episodes are finished."""
    try:
        return len(storage.read_lines(folder / ".data.zarr.making" / PROGRESS))
    except InputError:
        return 0


@pytest.mark.parametrize(("number", "group", "code"), [(signal.SIGKILL, True, -signal.SIGKILL), (signal.SIGINT, True, 130)])
def test_stopped_and_continued_by_two_workers(
    number: signal.Signals, group: bool, code: int, keyin: Keyin, whole: tuple[Any, Path], tmp_path: Path
) -> None:
    command = (*MAKE, "--workers", "2")
    stopped = interrupt(command, tmp_path, lambda: there(tmp_path) >= 3, number, group)
    kept = there(tmp_path)
    assert (stopped.returncode, stopped.stdout) == (code, "")
    assert 3 <= kept < N
    assert not (tmp_path / "data.zarr").exists()
    again = keyin(*command, cwd=tmp_path)
    assert f"data.zarr: {kept} of {N} episodes are there, continuing" in again.stderr
    result, expected = printed(again), whole[0]
    assert (result["states_sha256"], result["sha256"]) == (expected["states_sha256"], expected["sha256"])
    assert printed(keyin("info", "data.zarr", "--verify", "--json", cwd=tmp_path))["verified"] is True


def test_what_commands_say_of_them(here: Keyin, whole: tuple[Any, Path]) -> None:
    result, path = whole
    info = here("info", "data.zarr", cwd=path).stdout
    assert f"labels      yes, {result['events']} events" in info
    assert "source      gridworld (keyin gen-data)" in info
    assert "action (7), observation.state (5)" in info
    assert printed(here("info", "data.zarr", "--json", cwd=path))["recipe"]["kind"] == "gridworld"
    assert (path / "data.zarr").is_dir()
    complaint(here("gen-data", "gridworld", "--n", "25", "--out", "data.zarr", cwd=path), "another recipe (n: 24 -> 25)")
    complaint(here("gen-data", "gridworld", "--set", "size=32", cwd=path), "size")
    complaint(here("import", "data.zarr", "--out", "data.zarr", cwd=path), "data.zarr")


def test_damage_is_seen(here: Keyin, whole: tuple[Any, Path], tmp_path: Path) -> None:
    shutil.copytree(whole[1] / "data.zarr", tmp_path / "data.zarr")
    zarr.open_group(tmp_path / "data.zarr", mode="r+")["data/action"][7] = 0
    complaint(here("info", "data.zarr", "--verify", cwd=tmp_path), "make it again with `keyin gen-data --overwrite`")


def test_a_dry_run_makes_nothing(here: Keyin, tmp_path: Path) -> None:
    told = printed(here("gen-data", "gridworld", "--dry-run", "--json", cwd=tmp_path))
    assert told["arrays"]["data/frames"].endswith("64, 64, 3) uint8")
    assert not list(tmp_path.iterdir())


def test_they_are_found_and_scored(keyin: Keyin, whole: tuple[Any, Path], tmp_path: Path) -> None:
    data = whole[1] / "data.zarr"
    find = ("find", data, "--minutes", "0.1", "--keyframes", "4", "--out", "found", "--json")
    assert len(printed(keyin(*find, cwd=tmp_path))["episodes"]) == N
    score = ("eval-f1", "--ckpt", "found/run", "--data", data, "--split", "all", "--selector", "search", "--out", "scores")
    (row,) = printed(keyin(*score, "--json", cwd=tmp_path))["rows"]
    assert 0 < row["f1"]["2"] < 1
    assert printed(keyin("report", data, "--out", tmp_path / "page.html", "--json", cwd=tmp_path))["episodes"] == N
