import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from keyin_cli import storage
from keyin_cli.storage import partials, writers

STEPS = ("replace", "rename", "fsync", "unlink", "rmdir")


def folder(*names: str) -> storage.Writer:
    """Makes a directory of files that hold their names."""

    def make(beside: Path) -> None:
        (beside / "below").mkdir(parents=True)
        for name in names:
            (beside / "below" / name).write_text(name)

    return make


def content(path: Path) -> list[str]:
    """The names of the files in a directory that `folder` made, all of which are whole."""
    files = list((path / "below").iterdir())
    assert all(file.read_text() == file.name for file in files)
    return sorted(file.name for file in files)


def stop_at(patch: pytest.MonkeyPatch, number: int, stop: Callable[[], None]) -> None:
    """Call `stop` before the `number`-th step that changes the disk."""
    left = [number]

    def stopping(step: Callable[..., None]) -> Callable[..., None]:
        def counted(*args: object, **keywords: object) -> None:
            left[0] -= 1
            if left[0] == -1:
                stop()
            step(*args, **keywords)

        return counted

    for name in STEPS:
        patch.setattr(os, name, stopping(getattr(os, name)))


def killed(work: Callable[[], None], number: int) -> bool:
    """Do the work in a process that dies before its `number`-th step; False when it has fewer."""
    child = os.fork()
    if not child:
        stop_at(pytest.MonkeyPatch(), number, lambda: os._exit(9))
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def failed(work: Callable[[], None], number: int) -> bool:
    """Do the work in this process, whose `number`-th step fails; False when it has fewer."""

    def fail() -> None:
        raise OSError("broken")

    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, number, fail)
        try:
            work()
        except OSError:
            return True
    return False


@pytest.mark.parametrize("before", [None, "file", "directory", "link"])
@pytest.mark.parametrize("stopped", [killed, failed])
@pytest.mark.parametrize("then", ["replaced", "swept"])
def test_a_directory_is_whole_whenever_the_writer_stops(
    then: str, stopped: Callable[..., bool], before: str | None, tmp_path: Path
) -> None:
    number = 0
    while True:
        path = tmp_path / str(number) / "folder"
        path.parent.mkdir()
        if before == "directory":
            storage.replace(path, folder("old", "older"))
        elif before == "file":
            storage.write(path, "old")
        elif before == "link":
            storage.replace(path.parent / "elsewhere", folder("old"))
            path.symlink_to("elsewhere")
        there = path.exists()
        more = stopped(lambda path=path: storage.replace(path, folder("new", "newer")), number)
        if not path.exists() and there:
            assert stopped is killed  # between two renames
            partials.sweep(path)
            assert content(path) == ["new", "newer"]
        if path.exists() and not path.is_file():
            assert content(path) in (["old", "older"], ["old"], ["new", "newer"])
        if then == "replaced":
            storage.replace(path, folder("newest"))
            assert content(path) == ["newest"]
        else:
            partials.sweep(path)
            assert path.exists() or not there
        if stopped is killed:
            assert {file.name for file in path.parent.iterdir()} <= {"folder", "elsewhere"}
        if before == "link":
            assert content(path.parent / "elsewhere") == ["old"]
        if not more:
            break
        number += 1
    steps = {None: 6, "file": 9, "directory": 12, "link": 9} if stopped is killed else {None: 6}  # an old one may stay undeleted
    assert number >= steps.get(before, 7)


def test_what_was_moved_aside_is_moved_back_when_nothing_has_its_place(tmp_path: Path, ended: str) -> None:
    """Its successor could not be renamed, and it not renamed back."""
    folder("old", "older")(tmp_path / f".folder.{ended}.old")
    partials.sweep(tmp_path / "folder")
    assert content(tmp_path / "folder") == ["old", "older"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_no_half_of_what_was_moved_aside_is_moved_back(tmp_path: Path) -> None:
    """The writer was stopped while it deleted it, then its successor was deleted by hand."""
    number, more = 0, True
    while more:
        path = tmp_path / str(number) / "folder"
        storage.replace(path, folder("old", "older"))
        more = killed(lambda path=path: storage.replace(path, folder("new", "newer")), number)
        shutil.rmtree(path, ignore_errors=True)
        partials.sweep(path)
        assert not path.exists() or content(path) in (["old", "older"], ["new", "newer"])
        assert {file.name for file in path.parent.iterdir()} <= {"folder"}
        number += 1
    assert number > 12


def test_a_file_is_whole_whenever_the_writer_stops(tmp_path: Path) -> None:
    for stopped in (killed, failed):
        number = 0
        while True:
            path = tmp_path / f"{stopped.__name__}-{number}" / "file"
            storage.write(path, "old")
            more = stopped(lambda path=path: storage.write(path, "new"), number)
            assert path.read_text() in ("old", "new")
            storage.write(path, "newest")
            assert [file.name for file in path.parent.iterdir()] == ["file"]
            assert path.read_text() == "newest"
            if not more:
                break
            number += 1
        assert number == 3  # fsync, rename, fsync


def test_what_is_written_under_another_name_is_told_by_its_own(tmp_path: Path) -> None:
    for name in ("file", ".x.partial", "a.b c"):
        assert partials.target(partials.beside(tmp_path / name)) == tmp_path / name
        assert partials.target(tmp_path / name) == tmp_path / name


def test_deleting_a_directory_leaves_no_half_of_it(tmp_path: Path) -> None:
    number = 0
    while True:
        path = tmp_path / str(number) / "folder"
        storage.replace(path, folder("a", "b", "c"))
        more = killed(lambda path=path: storage.remove(path), number)
        assert content(path) == ["a", "b", "c"] if number == 0 else not path.exists()
        partials.sweep(path)
        assert [file.name for file in path.parent.iterdir()] == (["folder"] if number == 0 else [])
        if not more:
            break
        number += 1
    assert number > 4


def test_two_writers_never_share_a_partial(tmp_path: Path) -> None:
    """The second begins and ends while the first is writing."""
    used = []

    def second(beside: Path) -> None:
        used.append(beside)
        beside.write_text("second")

    def first(beside: Path) -> None:
        used.append(beside)
        beside.write_text("fir")
        storage.replace(tmp_path / "file", second)
        assert (tmp_path / "file").read_text() == "second"
        assert beside.read_text() == "fir"
        beside.write_text("first")

    storage.replace(tmp_path / "file", first)
    assert (tmp_path / "file").read_text() == "first"
    assert len(set(used)) == 2
    assert all(beside.parent == tmp_path and beside.name.startswith(".file.") for beside in used)
    assert len({writers.name() for _ in range(1000)}) == 1000


def test_a_failing_writer_removes_its_own_partial_only(tmp_path: Path, ended: str) -> None:
    other = tmp_path / f".folder.{writers.name()}.partial"
    other.mkdir()

    def fail(beside: Path) -> None:
        folder("half")(beside)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        storage.replace(tmp_path / "folder", fail)
    assert list(tmp_path.iterdir()) == [other]


def test_only_what_an_ended_writer_of_the_same_target_left_is_swept(tmp_path: Path, ended: str) -> None:
    stays = [
        f".file.{os.getpid()}-00000000-{ended.split('-')[2]}.partial",  # this process
        f".file.1-00000000-{ended.split('-')[2]}.partial",  # the first process of a system always runs
        f".file.{ended[:-16]}{'0' * 16}.partial",  # another machine
        f".other.{ended}.partial",
        f".file.{ended}.lock",
        f".file.more.{ended}.partial",
        ".file.partial",
        "file.partial",
    ]
    for name in stays:
        (tmp_path / name).write_text("")
    (tmp_path / f".file.{ended}.partial").write_text("")
    (tmp_path / f".file.{ended}.old").mkdir()
    (tmp_path / f".file.{ended}.old" / "inside").write_text("")
    storage.write(tmp_path / "file", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*stays, "file"])


def test_what_was_left_before_a_restart_goes_after_a_day_without_a_change(tmp_path: Path, ended: str) -> None:
    process, random, machine = ended.split("-")
    restarted = tmp_path / f".folder.{process}-{random}-{machine[:8]}{'0' * 8}.partial"
    folder("half")(restarted)
    partials.sweep(tmp_path / "folder")
    assert restarted.exists()
    long_ago = time.time() - partials.UNTOUCHED - 60
    for path in (restarted, restarted / "below"):
        os.utime(path, (long_ago, long_ago))
    partials.sweep(tmp_path / "folder")
    assert restarted.exists()  # a file in it was written just now
    os.utime(restarted / "below" / "half", (long_ago, long_ago))
    partials.sweep(tmp_path / "folder")
    assert not restarted.exists()


def test_names_with_signs_of_patterns_are_taken_as_they_are(tmp_path: Path, ended: str) -> None:
    for name in ("a[1]*", "a.b+c", "ä?"):
        (tmp_path / f".{name}.{ended}.partial").write_text("")
        storage.write(tmp_path / name, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a[1]*", "a.b+c", "ä?"])


def test_who_has_ended(ended: str) -> None:
    assert writers.ended(ended)
    assert not writers.ended(writers.name())
    assert not writers.before_restart(ended)
    process, random, machine = ended.split("-")
    elsewhere = f"{process}-{random}-{'0' * 16}"
    assert not writers.ended(elsewhere)
    assert not writers.before_restart(elsewhere)
    restarted = f"{process}-{random}-{machine[:8]}{'0' * 8}"
    assert not writers.ended(restarted)
    assert writers.before_restart(restarted)
