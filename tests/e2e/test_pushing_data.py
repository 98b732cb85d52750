"""`keyin gen-data pushing`: the same dataset however it is made, killed or not, and one line where nothing can be drawn."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from distributed import LocalCluster
from processes import Keyin, complaint, interrupt, printed

from keyin_cli.datasets.pushing import gl

# Two shards of short sequences of small frames.
GENERATE = (
    *("gen-data", "pushing", "--n", "1100", "--out", "data.zarr", "--json"),
    *("--set", "size=16", "--set", "frames=17", "--set", "pushes=3", "--set", "push_frames=[4,6]"),
)


@pytest.fixture(scope="module")
def whole(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What `gen-data` prints with one worker when nothing interrupts it."""
    return printed(keyin(*GENERATE, "--workers", "1", cwd=tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a Dask cluster of one process with two threads, each of which needs an OpenGL context of its own."""
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as running:
        yield running.scheduler_address


@pytest.mark.parametrize("how", ["2 workers", "dask"])
def test_the_same_dataset_however_it_is_made(
    how: str, request: pytest.FixtureRequest, keyin: Keyin, whole: Any, tmp_path: Path
) -> None:
    where = ("--dask", request.getfixturevalue("cluster")) if how == "dask" else ("--workers", "2")
    made = printed(keyin(*GENERATE, *where, cwd=tmp_path))
    assert (made["states_sha256"], made["sha256"]) == (whole["states_sha256"], whole["sha256"])


def test_killed_in_the_middle(keyin: Keyin, whole: Any, tmp_path: Path) -> None:
    markers = tmp_path / "data.zarr" / ".shards"
    command = (*GENERATE, "--workers", "1")
    stopped = interrupt(command, tmp_path, lambda: any(markers.glob("*.json")), signal.SIGKILL, group=True)
    assert (stopped.returncode, stopped.stdout) == (-signal.SIGKILL, "")
    assert len(list(markers.glob("*.json"))) == 1
    again = keyin(*command, cwd=tmp_path)
    assert "data.zarr: 1 of 2 shards are there, continuing" in again.stderr
    assert printed(again)["sha256"] == whole["sha256"]


def test_a_dataset_of_the_papers_shape(keyin: Keyin, tmp_path: Path) -> None:
    made = printed(keyin("gen-data", "pushing", "--n", "30", "--out", "data.zarr", "--json", cwd=tmp_path))
    assert {"path", "n", "seconds", "sequences_per_second", "bytes", "states_sha256"} <= set(made)
    group = zarr.open_group(tmp_path / "data.zarr", mode="r")
    assert group["frames"].shape == (30, 31, 64, 64, 3)
    assert (np.asarray(group["keyframes"][:]).sum(axis=1) == 6).all()
    assert {"states", "actions", "wall", "goal", "goal_image", "subgoals", "split", "attempts"} <= set(group.array_keys())
    frames, goals = np.asarray(group["frames"][:]), np.asarray(group["goal_image"][:])
    assert (frames != frames[:, :1]).any(axis=(1, 2, 3, 4)).all()
    assert (goals != frames[:, 0]).any(axis=(1, 2, 3)).all()
    assert printed(keyin("info", "data.zarr", "--verify", "--json", cwd=tmp_path))["verified"] is True


def test_a_dry_run_makes_nothing(keyin: Keyin, tmp_path: Path) -> None:
    told = printed(keyin("gen-data", "pushing", "--n", "3000", "--set", "size=16", "--dry-run", "--json", cwd=tmp_path))
    assert told["recipe"]["kind"] == "pushing"
    assert told["arrays"]["frames"] == "(3000, 31, 16, 16, 3) uint8"
    assert told["arrays"]["actions"] == "(3000, 30, 3) float32"
    assert told["bytes"] > 3000 * 31
    assert told["seconds"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("setting", ["nonsense", "off"])
def test_nothing_to_draw_with(setting: str, keyin: Keyin, tmp_path: Path) -> None:
    done = keyin("gen-data", "pushing", "--n", "30", "--out", "data.zarr", cwd=tmp_path, MUJOCO_GL=setting)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith(f"keyin: cannot render with MUJOCO_GL={setting} ({setting}: ")
    assert line.endswith("): unset it, or see `keyin doctor`")
    assert list(tmp_path.iterdir()) == []


def test_a_goal_out_of_reach(here: Keyin, tmp_path: Path) -> None:
    keys = ("--set", "pushes=1", "--set", "push_frames=[4,4]", "--set", "frames=5")
    line = "keyin: a demonstration missed its goal in 50 attempts: give pushes more frames, or give more pushes"
    assert complaint(here("gen-data", "pushing", "--n", "30", *keys, "--out", "data.zarr", cwd=tmp_path)) == line
    assert list(tmp_path.iterdir()) == []


def test_the_users_working_back_end_is_used(keyin: Keyin, tmp_path: Path) -> None:
    made = keyin("gen-data", "pushing", "--n", "2", "--out", "data.zarr", cwd=tmp_path, MUJOCO_GL=gl.choose().upper())
    assert made.returncode == 0, made.stderr
