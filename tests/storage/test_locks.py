import errno
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from keyin_cli import storage
from keyin_cli.errors import InputError, Interrupted
from keyin_cli.storage import locks

HOLD = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are started with it ignored
from pathlib import Path
from keyin_cli import progress, storage
from keyin_cli.errors import InputError, Interrupted
progress.speak()
path = Path(sys.argv[1])
sys.argv = ["/usr/bin/keyin", "train", "recipes/x.yaml"]
try:
    with storage.locked(path):
        print("held", flush=True)
        sys.stdin.readline()
except (InputError, Interrupted) as error:
    print(type(error).__name__, flush=True)
"""

THREAD = """
import signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from keyin_cli import progress, storage
progress.speak()
def wait():
    with storage.locked(Path(sys.argv[1])):
        print("held", flush=True)
thread = threading.Thread(target=wait)
thread.start()
thread.join()
"""

COUNT = """
import sys
from pathlib import Path
from keyin_cli import storage
path = Path(sys.argv[1])
total = path.with_name("total")
for _ in range(50):
    with storage.locked(path):
        number = int(total.read_text())
        total.write_text(str(number + 1))
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts another process that locks a path until it is sent a line; whatever still runs at the end is killed."""
    running = []

    def run(path: Path, script: str = HOLD, **environment: str) -> subprocess.Popen[str]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        command = [sys.executable, "-c", script, str(path)]
        running.append(subprocess.Popen(command, text=True, env={**os.environ, **environment}, **pipes))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.communicate()


def held(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "held\n"


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_the_second_process_waits_and_says_for_whom(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "runs" / "keyin"
    first = start(path)
    assert held(first)
    second = start(path)
    line = first_line(second)
    who = rf"process {first.pid} on {re.escape(socket.gethostname())} since \d\d:\d\d \(keyin train recipes/x.yaml\)"
    assert re.fullmatch(rf"{path} is in use by {who}: waiting; --no-wait ends instead\n", line)
    assert second.poll() is None
    assert first.communicate("\n") == ("", "")
    assert held(second)
    assert not path.exists()
    assert second.communicate("\n") == ("", "")  # the line came once
    assert [file.name for file in path.parent.iterdir()] == [".keyin.lock"]
    assert (path.parent / ".keyin.lock").read_text() == ""


def test_without_waiting_one_line_says_who_and_what_to_do(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path / "data.zarr")
    assert held(first)
    with (
        storage.waiting(False),
        pytest.raises(
            InputError, match=rf"data.zarr is in use by process {first.pid} on .* \(keyin train recipes/x.yaml\): "
        ) as caught,
        storage.locked(tmp_path / "data.zarr"),
    ):
        pass
    assert str(caught.value).endswith(": run the same command again when that has ended, or without --no-wait to wait")
    with storage.waiting(False), storage.locked(tmp_path / "other.zarr"):
        pass


def test_waiting_is_allowed_again_outside(tmp_path: Path) -> None:
    with storage.waiting(False), storage.waiting(True):
        assert locks._waits.get()
    assert locks._waits.get()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "keyin"
    first = start(path)
    assert held(first)
    waits = start(path)
    assert "is in use by" in first_line(waits)
    first.kill()
    assert held(waits)
    waits.kill()
    waits.wait()
    assert (tmp_path / ".keyin.holder").exists()
    with storage.waiting(False), storage.locked(path):
        pass
    assert not (tmp_path / ".keyin.holder").exists()


def test_what_a_killed_holder_left_is_not_believed(tmp_path: Path, start: Start) -> None:
    """…also not for the short time in which its successor has not said who it is."""
    first = start(tmp_path / "keyin")
    assert held(first)
    first.kill()
    first.wait()
    assert str(first.pid) in (tmp_path / ".keyin.holder").read_text()
    silent = FileLock(tmp_path / ".keyin.lock")
    with (
        silent,
        storage.waiting(False),
        pytest.raises(InputError, match="keyin is in use by another process: run"),
        storage.locked(tmp_path / "keyin"),
    ):
        pass


def test_ctrl_c_ends_the_waiting(tmp_path: Path, start: Start) -> None:
    assert held(start(tmp_path / "keyin"))
    second = start(tmp_path / "keyin")
    assert "waiting" in first_line(second)
    second.send_signal(signal.SIGINT)
    assert second.communicate(timeout=60) == ("Interrupted\n", "")


def test_ctrl_c_ends_a_thread_that_waits(tmp_path: Path, start: Start) -> None:
    assert held(start(tmp_path / "keyin"))
    second = start(tmp_path / "keyin", THREAD)
    assert "waiting" in first_line(second)
    second.send_signal(signal.SIGINT)
    out, err = second.communicate(timeout=60)
    assert out == ""
    assert "KeyboardInterrupt" in err


def test_one_thread_may_lock_again_however_the_path_is_spelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "keyin").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    (tmp_path / "keyin").symlink_to(Path("runs") / "keyin")
    monkeypatch.chdir(tmp_path / "runs")
    spellings = (tmp_path / "runs" / "keyin", Path("keyin"), Path("../link/keyin"), tmp_path / "keyin")
    with storage.waiting(False):
        for first in spellings:
            for second in spellings:
                with storage.locked(first):
                    with storage.locked(second), storage.locked(first):
                        pass
                    assert taken_for_others(spellings[0])  # the inner ones released nothing
        assert not taken_for_others(spellings[0])
        monkeypatch.chdir(tmp_path / "runs" / "keyin")
        with storage.locked(Path()):
            assert taken_for_others(spellings[0])
    assert list((tmp_path / "runs" / "keyin").iterdir()) == []  # never inside what it guards


def taken_for_others(path: Path) -> bool:
    """Whether another thread finds the path locked."""
    found = []

    def look() -> None:
        try:
            with storage.waiting(False), storage.locked(path):
                found.append(False)
        except InputError:
            found.append(True)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


def test_threads_take_turns(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inside, most = [], []

    def work() -> None:
        for _ in range(5):
            with storage.locked(tmp_path / "keyin"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20
    assert all(f"process {os.getpid()} on" in line or "another process" in line for line in capfd.readouterr().err.splitlines())


def test_processes_take_turns(tmp_path: Path, start: Start) -> None:
    """Each adds to a number that it reads and writes in two steps."""
    (tmp_path / "total").write_text("0")
    workers = [start(tmp_path / "keyin", COUNT) for _ in range(3)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0]
    assert (tmp_path / "total").read_text() == "150"


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), storage.locked(tmp_path / "keyin"):
        raise ZeroDivisionError
    assert not taken_for_others(tmp_path / "keyin")
    with pytest.raises(Interrupted), storage.locked(tmp_path / "keyin"):
        raise Interrupted("stopped")
    assert not taken_for_others(tmp_path / "keyin")


def test_what_is_locked_may_be_deleted_inside_with_all_around_it(tmp_path: Path) -> None:
    with storage.locked(tmp_path / "runs" / "keyin"):
        storage.remove(tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_under_torchrun_the_first_process_alone_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    with storage.locked(tmp_path / "keyin"):
        monkeypatch.setenv("RANK", "1")
        with storage.waiting(False), storage.locked(tmp_path / "other" / "keyin"):
            assert not (tmp_path / "other").exists()
        assert not taken_for_others(tmp_path / "keyin")
        monkeypatch.setenv("RANK", "0")
        assert taken_for_others(tmp_path / "keyin")


def test_where_nothing_can_be_locked_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "keyin", tmp_path / "file" / "below" / "keyin"):
        with (
            pytest.raises(InputError, match=r"keyin cannot be locked in .*file.* \(no directory\): use another path"),
            storage.locked(path),
        ):
            pass
    for number in (errno.EACCES, errno.EROFS, errno.ENOLCK):

        def refuse(*_: object, number: int = number, **__: object) -> None:
            raise OSError(number, os.strerror(number), str(tmp_path))

        monkeypatch.setattr(FileLock, "acquire", refuse)
        what = (
            rf"keyin cannot be locked in {tmp_path} \({os.strerror(number)}\): use another path, or make that directory writable"
        )
        with pytest.raises(InputError, match=what), storage.locked(tmp_path / "keyin"):
            pass


def test_what_a_killed_command_left_is_cleared_when_it_is_locked(tmp_path: Path, ended: str) -> None:
    (tmp_path / f".keyin.{ended}.partial").mkdir()
    with storage.locked(tmp_path / "keyin"):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".keyin.holder", ".keyin.lock"]
