"""What this process may use of the machine: cores and memory, as a container or a scheduler bounds them."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

from keyin_cli.errors import InputError
from keyin_cli.tuning import give_back

CGROUP, LISTING = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file"))
VERSION_2 = ("memory.max", "memory.current", ("inactive_file", "active_file"))  # limit, use, copies of files
UNLIMITED = 1 << 60  # a version 1 control group says a number near 2^63 for no limit


def cores() -> int:
    """CPU cores that this process may use: fewer than the machine's in a container or under an affinity mask."""
    from joblib import cpu_count

    count: int = cpu_count()
    return count


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def forget_peak() -> None:
    """Begin to measure `recent_peak`; where the system cannot (no Linux, a container that forbids it) that stays the largest of
    all times. What earlier work took is given back first."""
    give_back()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def recent_peak() -> int:
    """Largest resident size of this process since `forget_peak`, in bytes."""
    status = Path("/proc/self/status")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines()) if status.is_file() else {}
    return int(lines["VmHWM"].split()[0]) * 1024 if "VmHWM" in lines else peak_memory()


def total_memory() -> int:
    """Memory that this process could ever take, in bytes: the machine's, or its container's where that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for limit, _ in _limits())])


def free_memory() -> int:
    """Memory that this process could still take, in bytes: what is free or holds no more than copies of files."""
    info = Path("/proc/meminfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    available = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    bounds = [*_limits(), *_own_limits()]
    return min([*(available or [total_memory()]), *(max(0, limit - used) for limit, used in bounds)])


def check_room(needed: int, what: str, less: str, free: int | None = None) -> None:
    """Refuse work that cannot fit.

    Args:
        needed: bytes that it takes at least.
        what: the work; `less`: what makes it smaller.
        free: bytes, where that is not the machine's memory.

    Raises:
        InputError: fewer bytes are free.
    """
    if free is None:
        free = free_memory()
        if needed > free and give_back():  # what earlier work of this process took is free for what follows
            free = free_memory()
    if needed > free:
        raise InputError(f"{what} needs {sized(needed)} of memory, {sized(free)} are free: {less}")


def sized(count: float) -> str:
    """A number of bytes as a person says it: 1234567 -> '1.2 MB'."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def _own_limits() -> list[tuple[int, int]]:
    """Limit and use, in bytes, of what `ulimit -v` and `ulimit -d` give this process."""
    status = Path("/proc/self/status")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines()) if status.is_file() else {}
    names = ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData"))
    limits = ((resource.getrlimit(number)[0], lines.get(name)) for number, name in names)
    return [(most, int(used.split()[0]) * 1024) for most, used in limits if used and most != resource.RLIM_INFINITY]


def _limits() -> list[tuple[int, int]]:
    """Limit and use, in bytes, of every control group that bounds this process (versions 1 and 2); none outside of containers."""
    found = []
    for folder, limit, used, cached in _groups():
        most, now = _number(folder / limit), _number(folder / used)
        if most is not None and now is not None and most < UNLIMITED:
            found.append((most, max(0, now - _copies(folder / "memory.stat", cached))))
    return found


def _groups() -> list[tuple[Path, str, str, tuple[str, str]]]:
    """The folders of this process's control groups and their parents, and the names of what they hold."""
    groups = []
    for line in LISTING.read_text().splitlines() if LISTING.is_file() else []:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version = VERSION_1 if controllers else VERSION_2
        root = CGROUP / "memory" if controllers else CGROUP
        below = root / path.strip("/")
        groups += [(folder, *version) for folder in (below, *below.parents) if folder.is_relative_to(root)]
    return groups


def _number(file: Path) -> int | None:
    """A number in a file; None where there is none, as in `max`."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _copies(file: Path, keys: tuple[str, str]) -> int:
    """Bytes of files' copies, read once or often, that the system drops when memory is asked for."""
    try:
        rows = dict(line.split() for line in file.read_text().splitlines())
        return sum(int(rows.get(key, 0)) for key in keys)
    except (OSError, ValueError):
        return 0
