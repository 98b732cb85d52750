"""Killed or stopped, then started again: the same as never interrupted, bit for bit. So are 1 worker, 2 workers and Dask."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster
from processes import DATA, RECIPE, RUN, Keyin, interrupt, printed
from typer.testing import CliRunner

from keyin_cli.cli import app
from keyin_cli.datasets import checking, store

SHARDS = 8
GENERATE = ("gen-data", "brownian", "--n", str(SHARDS * 1000), "--out", "data.zarr", "--json")


# ---------------------------------------------------------------- datasets


@pytest.fixture(scope="module")
def whole(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What `gen-data` prints when nothing interrupts it."""
    return printed(keyin(*GENERATE, cwd=tmp_path_factory.mktemp("whole")))


# A terminal's Ctrl-C reaches the whole process group, `kill` one process; workers die with the group that is killed.
@pytest.mark.parametrize(
    ("number", "group", "code", "workers"),
    [(signal.SIGKILL, True, -signal.SIGKILL, "1"), (signal.SIGINT, True, 130, "2"), (signal.SIGTERM, False, 130, "2")],
)
def test_gen_data(number: signal.Signals, group: bool, code: int, workers: str, keyin: Keyin, whole: Any, tmp_path: Path) -> None:
    markers = tmp_path / "data.zarr" / ".shards"
    command = (*GENERATE, "--workers", workers)
    stopped = interrupt(command, tmp_path, lambda: len(list(markers.glob("*.json"))) >= SHARDS // 2, number, group)
    kept = len(list(markers.glob("*.json")))
    assert (stopped.returncode, stopped.stdout) == (code, "")
    assert SHARDS // 2 <= kept < SHARDS
    if code == 130:
        line = "the finished shards of data.zarr are kept: run the same command again to continue"
        assert stopped.stderr.splitlines()[-1] == f"keyin: stopped; {line}"
        assert "Traceback" not in stopped.stderr
    again = keyin(*command, cwd=tmp_path)
    assert f"data.zarr: {kept} of {SHARDS} shards are there, continuing" in again.stderr
    assert printed(again)["sha256"] == whole["sha256"]
    assert printed(keyin("info", "data.zarr", "--verify", "--json", cwd=tmp_path))["verified"] is True


def test_gen_data_stopped_after_its_last_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["gen-data", "brownian", "--n", "60", "--out", "data.zarr"]

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "finish", stop)
        assert CliRunner().invoke(app, command).exit_code != 0
    assert not checking.is_finished(tmp_path / "data.zarr")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert store.open_dataset(tmp_path / "data.zarr").sha256


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a Dask cluster whose workers stand elsewhere than the user."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as running:
        yield running.scheduler_address


@pytest.mark.parametrize("how", ["1 worker", "2 workers", "dask"])
def test_the_same_dataset_however_it_is_made(
    how: str, request: pytest.FixtureRequest, keyin: Keyin, tiny: Path, tmp_path: Path
) -> None:
    """…as the one that `keyin train` made for itself."""
    where = ("--dask", request.getfixturevalue("cluster")) if how == "dask" else ("--workers", how.split()[0])
    reference = printed(keyin("gen-data", "tiny/brownian", "--json", cwd=tiny))
    made = printed(keyin("gen-data", "tiny/brownian", "--json", *where, cwd=tmp_path))
    assert (tmp_path / made["path"] / "zarr.json").is_file()
    assert (made["states_sha256"], made["sha256"]) == (reference["states_sha256"], reference["sha256"])


# ---------------------------------------------------------------- training


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("interpolator", signal.SIGKILL),
        ("interpolator", signal.SIGINT),
        ("keyin", signal.SIGKILL),
    ],
)
def test_training(name: str, number: signal.Signals, keyin: Keyin, tiny: Path, tmp_path: Path) -> None:
    """A stage trained as `tiny` was, but with more checkpoints; stage 2 stands on tiny's stage 1."""
    if name == "keyin":
        shutil.copytree(tiny / RUN / "interpolator", tmp_path / "interpolator")
    verb, section = {"interpolator": ("pretrain-interp", "pretrain"), "keyin": ("train", "train")}[name]
    own = ("--set", f"data.path={tiny / DATA}", "--set", f"{section}.checkpoint_every=5")
    command = (verb, RECIPE, *own, "--out", str(tmp_path), "--json")
    folder = tmp_path / name
    stopped = interrupt(command, tmp_path, (folder / "checkpoints" / "latest").is_file, number, group=True)
    assert stopped.stdout == ""
    assert not (folder / "weights.safetensors").exists()
    saved = (folder / "checkpoints" / "latest").read_text()
    if number == signal.SIGKILL:
        assert stopped.returncode == -signal.SIGKILL
    else:
        assert stopped.returncode == 130
        (line,) = [line for line in stopped.stderr.splitlines() if line.startswith("keyin: ")]
        assert line.startswith(f"keyin: stopped at step {int(saved.removeprefix('step-'))} of ")
        assert line.endswith("run the same command to continue")
    again = keyin(*command, cwd=tmp_path)
    assert f"{folder}: continuing from step {int(saved.removeprefix('step-'))}" in again.stderr
    assert printed(again)["weights_sha256"] == json.loads((tiny / RUN / name / "manifest.json").read_text())["weights_sha256"]
    steps = [[json.loads(line)["step"] for line in (run / name / "metrics.jsonl").open()] for run in (tiny / RUN, tmp_path)]
    assert steps[0] == steps[1]


def test_what_a_kill_left_of_a_finished_run_goes(tiny: Path, here: Keyin, tmp_path: Path) -> None:
    """It came between the weights, which say that the run is finished, and the deletion of the last checkpoint."""
    for each in (DATA, RUN):
        shutil.copytree(tiny / each, tmp_path / each)
    left = tmp_path / RUN / "keyin" / "checkpoints" / "step-000000040" / "model.safetensors"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"large")
    assert here("train", RECIPE, cwd=tmp_path).returncode == 0
    assert not (tmp_path / RUN / "keyin" / "checkpoints").exists()
    assert (tmp_path / RUN / "keyin" / "weights.safetensors").is_file()
