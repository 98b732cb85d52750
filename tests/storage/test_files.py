import errno
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError

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


def test_a_file_never_replaces_a_directory(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_text("years of work")
    with pytest.raises(InputError, match="d is a directory, it is left alone: use another path"):
        storage.write(tmp_path / "d", "new")
    assert (tmp_path / "d" / "x").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_what_libraries_write_has_the_mode_of_any_file(tmp_path: Path) -> None:
    def private(path: Path) -> None:
        path.unlink()
        path.touch(mode=0o600)

    before = os.umask(0o027)
    try:
        storage.replace(tmp_path / "weights", storage.usual_mode(private))
    finally:
        os.umask(before)
    assert (tmp_path / "weights").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("number", "kind", "line"),
    [
        (errno.ENOSPC, RunError, "the disk is full while writing {}; nothing finished is lost: free space and run"),
        (errno.EDQUOT, RunError, "the disk is full while writing {}; nothing finished is lost: free space and run"),
        (errno.EIO, RunError, "Input/output error while writing {}; nothing finished is lost: see to the disk and run"),
        (errno.EMFILE, RunError, "Too many open files while writing {}; nothing finished is lost: allow more open files"),
        (errno.EFBIG, RunError, "File too large while writing {}; nothing finished is lost: allow larger files"),
        (errno.EROFS, InputError, "{} cannot be written (Read-only file system): use another path"),
        (errno.EACCES, InputError, "{} cannot be written (Permission denied): use another path"),
        (errno.ENAMETOOLONG, InputError, "{} cannot be written (File name too long): use another path"),
        (errno.ELOOP, InputError, "{} cannot be written (Too many levels of symbolic links): use another path"),
    ],
)
def test_what_the_system_refuses_is_one_line(number: int, kind: type[Exception], line: str, tmp_path: Path) -> None:
    def python(_: Path) -> None:
        raise OSError(number, os.strerror(number))

    def rust(_: Path) -> None:
        raise SafetensorError(f"Error while serializing: I/O error: {os.strerror(number)} (os error {number})")

    for writer in (python, rust):
        with pytest.raises(kind) as caught:
            storage.replace(tmp_path / "file", writer)
        assert str(caught.value).startswith(line.format(tmp_path / "file"))
        assert list(tmp_path.iterdir()) == []


def test_an_error_that_the_system_did_not_make_stays_what_it_is(tmp_path: Path) -> None:
    for error in (SafetensorError("no metadata"), OSError("no number"), ZeroDivisionError()):
        with pytest.raises(type(error)) as caught, storage.disk_errors(tmp_path):
            raise error
        assert caught.value is error
