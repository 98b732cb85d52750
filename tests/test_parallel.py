"""Work is spread in order, a few items for each worker at a time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from keyin_cli.parallel import backend, spread


def test_results_come_in_the_order_of_the_work_piece_by_piece() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item**2

    with backend(1, None):
        results = spread(work, range(5), per_worker=2)
        assert next(results) == 0
        assert begun == [0, 1]  # what is done can be told, and kept, before all is
        assert list(results) == [1, 4, 9, 16]
    assert begun == [0, 1, 2, 3, 4]


SPREAD = """
import os, sys, time
from keyin_cli import parallel
from keyin_cli.errors import RunError

def work(item):
    import os, time
    os.write(1, b"%d\\n" % os.getpid())  # at once: lines of two workers must not mix
    time.sleep({seconds})
    return item

with parallel.backend(2, None):
    try:
        print(list(parallel.spread(work, range(2))))
    except RunError as error:
        print(error, file=sys.stderr)
"""


def spreading(seconds: float, cwd: Path) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": ""}
    script = SPREAD.format(seconds=seconds)
    return subprocess.Popen([sys.executable, "-P", "-c", script], cwd=cwd, env=environment, text=True, **pipes)


def workers(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    return [int(process.stdout.readline()) for _ in range(2)]


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """It is killed, so it tells nobody."""
    process = spreading(1000, tmp_path)
    there = workers(process)
    process.kill()
    process.wait()
    begun = time.monotonic()
    while any(map(runs, there)) and time.monotonic() - begun < 10:
        time.sleep(0.05)
    assert not any(map(runs, there))
    assert process.communicate()[1] == ""  # also of what cleans up behind them


def test_a_worker_that_is_killed_is_one_line(tmp_path: Path) -> None:
    process = spreading(1000, tmp_path)
    os.kill(workers(process)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    line = "a worker process ended before its work was done, killed or out of memory; what was finished is kept"
    assert err == f"{line}: run the same command again, with fewer --workers if memory is short\n"


def children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_workers_leave_signals_of_the_group_to_their_parent(tmp_path: Path) -> None:
    """…and so do the processes that clean up behind them."""
    process = spreading(1, tmp_path)
    assert set(workers(process)) < set(children(process.pid))
    for each in children(process.pid):
        for number in (signal.SIGINT, signal.SIGHUP):
            os.kill(each, number)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("[0, 1]\n", "")


def test_nothing_that_lies_in_the_working_directory_is_imported(tmp_path: Path) -> None:
    for name in ("joblib", "numpy", "torch", "cloudpickle"):
        (tmp_path / f"{name}.py").write_text("open('imported', 'w')\n")
    before = dict(os.environ)
    out, _ = spreading(0, tmp_path).communicate(timeout=60)
    assert out.endswith("[0, 1]\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cloudpickle.py", "joblib.py", "numpy.py", "torch.py"]
    with backend(2, None):
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert dict(os.environ) == before
