import errno
import os
from pathlib import Path

import pytest

from keyin_cli import storage
from keyin_cli.errors import InputError, RunError


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results.json"
    storage.write(file, "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match=r"the disk is full while writing .*results.json; nothing finished is lost"):
            storage.write(file, "new")
    assert file.read_text() == "old"
    storage.write(file, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    assert file.read_text() == "new"


def test_other_errors_of_the_system_are_not_called_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file cannot be made for below \(File exists\): use another path"):
        storage.write(tmp_path / "file" / "below", "x")


def test_directories_are_replaced_whole(tmp_path: Path) -> None:
    def fill(name: str) -> storage.Writer:
        def make(beside: Path) -> None:
            beside.mkdir()
            (beside / name).write_text(name)

        return make

    for name in ("first", "second"):
        storage.replace(tmp_path / "folder", fill(name))
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["second"]


def test_damaged_and_missing_json_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is missing"):
        storage.read_json(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text('{"kind": ')
    with pytest.raises(InputError, match="is damaged"):
        storage.read_json(tmp_path / "manifest.json")


def test_provenance_names_code_and_packages() -> None:
    made = storage.provenance()
    assert {"command", "created", "git", "versions", "machine"} == set(made)
    assert {"torch", "numpy", "zarr"} <= set(made["versions"])
