"""Cores and memory as a container bounds them."""

import resource
from pathlib import Path

import joblib
import numpy as np
import pytest

from keyin_cli import machine
from keyin_cli.errors import InputError


def test_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.cores() == joblib.cpu_count() >= 1
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    assert machine.cores() == 3


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this process's control group (version 2), two below the root."""
    listing, below = tmp_path / "cgroup", tmp_path / "fs" / "outer" / "inner"
    below.mkdir(parents=True)
    listing.write_text("0::/outer/inner\n")
    monkeypatch.setattr(machine, "LISTING", listing)
    monkeypatch.setattr(machine, "CGROUP", tmp_path / "fs")
    return below


def limit(folder: Path, most: str, used: int, inactive: int = 0, active: int = 0) -> None:
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\nactive_file {active}\n")


def test_without_a_limit_the_machine_is_what_there_is(group: Path) -> None:
    whole, free = machine.total_memory(), machine.free_memory()
    limit(group, "max", 1_000)
    assert machine.total_memory() == whole
    assert machine.free_memory() == pytest.approx(free, rel=0.2)


def test_the_tightest_limit_counts(group: Path) -> None:
    limit(group, "400000000", used=150_000_000, inactive=20_000_000, active=30_000_000)
    assert machine.total_memory() == 400_000_000
    assert machine.free_memory() == 300_000_000  # copies of files are dropped when memory is asked for
    limit(group.parent, "250000000", used=200_000_000)
    assert (machine.total_memory(), machine.free_memory()) == (250_000_000, 50_000_000)
    limit(group.parent, "250000000", used=300_000_000)
    assert machine.free_memory() == 0


def test_version_1(tmp_path: Path, group: Path) -> None:
    (tmp_path / "cgroup").write_text("5:cpu,cpuacct:/outer\n4:memory:/outer\n")
    folder = tmp_path / "fs" / "memory" / "outer"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("123000000")
    (folder / "memory.usage_in_bytes").write_text("23000000")
    (folder / "memory.stat").write_text("total_inactive_file 1000000\ntotal_active_file 2000000\n")
    assert (machine.total_memory(), machine.free_memory()) == (123_000_000, 103_000_000)
    (folder / "memory.limit_in_bytes").write_text(str(2**63 - 4096))  # what it says for no limit
    assert machine.total_memory() > 123_000_000


def test_the_peak_is_that_of_this_process() -> None:
    assert machine.peak_memory() > 1e7


def test_a_peak_is_forgotten() -> None:
    large = np.ones(30_000_000)  # 240 MB
    before = machine.recent_peak()
    assert before >= large.nbytes
    del large
    machine.forget_peak()
    assert 1e7 < machine.recent_peak() <= before - 100e6


def test_what_cannot_fit_is_refused(group: Path) -> None:
    limit(group, "5000000000", 1_000_000_000)
    machine.check_room(4_000_000_000, "this", "take less")
    with pytest.raises(InputError, match=r"^this needs 4\.1 GB of memory, 4\.0 GB are free: take less$"):
        machine.check_room(4_100_000_000, "this", "take less")
    with pytest.raises(InputError, match=r"needs 4\.1 GB of memory, 1\.0 GB are free"):
        machine.check_room(4_100_000_000, "this", "take less", free=1_000_000_000)


def test_what_was_freed_and_kept_counts_before_anything_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    free = [1_000, 3_000]
    monkeypatch.setattr(machine, "free_memory", lambda: free.pop(0))
    machine.check_room(2_000, "this", "take less")
    assert not free
    free = [1_000, 1_500]
    with pytest.raises(InputError, match="this needs"):
        machine.check_room(2_000, "this", "take less")


@pytest.mark.parametrize(("kind", "used"), [(resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")])
def test_limits_of_the_shell_count(kind: int, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now = int(status[used].split()[0]) * 1024
    given = {kind: now + 50_000_000}
    monkeypatch.setattr(resource, "getrlimit", lambda number: (given.get(number, resource.RLIM_INFINITY),) * 2)
    assert machine.free_memory() == pytest.approx(50_000_000, abs=40_000_000)
