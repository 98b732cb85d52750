import errno
import os
from pathlib import Path

import pytest

from keyin_cli import artifacts
from keyin_cli.errors import InputError, RunError


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results.json"
    artifacts.write(file, "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match=r"the disk is full while writing .*results.json; nothing finished is lost"):
            artifacts.write(file, "new")
    assert file.read_text() == "old"
    artifacts.write(file, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    assert file.read_text() == "new"


def test_other_errors_of_the_system_are_not_called_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        artifacts.write(tmp_path / "file" / "below", "x")


def test_directories_are_replaced_whole(tmp_path: Path) -> None:
    def fill(name: str) -> artifacts.Writer:
        def make(beside: Path) -> None:
            beside.mkdir()
            (beside / name).write_text(name)

        return make

    for name in ("first", "second"):
        artifacts.replace(tmp_path / "folder", fill(name))
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["second"]


def test_a_line_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    assert artifacts.read_lines(file) == []
    artifacts.append_line(file, {"step": 1})
    artifacts.append_line(file, {"step": 2})
    file.write_text(file.read_text()[:-3])
    assert artifacts.read_lines(file) == [{"step": 1}]


def test_weights_are_found_in_a_file_a_stage_a_run_and_a_released_directory(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for stage in ("interpolator", "keyin"):
        artifacts.write(run / stage / artifacts.WEIGHTS, stage)
    assert artifacts.find_weights(run) == run / "keyin" / artifacts.WEIGHTS
    assert artifacts.find_weights(run / "interpolator") == run / "interpolator" / artifacts.WEIGHTS
    assert artifacts.find_weights(run / "keyin" / artifacts.WEIGHTS) == run / "keyin" / artifacts.WEIGHTS
    artifacts.write(tmp_path / "released" / artifacts.WEIGHTS, "released")
    assert artifacts.find_weights(tmp_path / "released").read_text() == "released"


def test_missing_and_unfinished_weights_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no weights at .*: train some with `keyin train"):
        artifacts.find_weights(tmp_path)
    (tmp_path / "keyin" / artifacts.CHECKPOINTS).mkdir(parents=True)
    with pytest.raises(InputError, match="unfinished run"):
        artifacts.find_weights(tmp_path)


def test_evaluations_never_land_beside_released_weights() -> None:
    run, released = Path("runs/mine/keyin/weights.safetensors"), Path("artifacts/released/brownian/weights.safetensors")
    assert artifacts.evaluations(run, "brownian") == Path("runs/mine/keyin/eval_f1")
    assert artifacts.evaluations(released, "brownian") == Path("artifacts/runs/brownian/eval_f1")


def test_damaged_and_missing_json_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing"):
        artifacts.read_json(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text('{"kind": ')
    with pytest.raises(InputError, match="is damaged"):
        artifacts.read_json(tmp_path / "manifest.json")


def test_provenance_names_code_and_packages() -> None:
    made = artifacts.provenance()
    assert {"command", "created", "git", "versions", "machine"} == set(made)
    assert {"torch", "numpy", "zarr"} <= set(made["versions"])
    assert artifacts.peak_memory() > 1e7
