"""Looks at everything in an HDF5 file but the values, in a process of its own: of a damaged file the library can loop for ever or
end the process, and no error can be caught then. Run as `python -m keyin_cli.datasets.sources.hdf5_probe FILE`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from keyin_cli.errors import InputError, shown

PATIENCE = 5  # seconds that one group or dataset may take


def check(path: Path) -> None:
    """Raises:
    InputError: the library does not come to an end with the file.
    """
    about = path.stat()
    if code := _ended(path.absolute(), about.st_mtime_ns, about.st_size):
        how = "reading it does not end" if code == -signal.SIGALRM else "reading it ends the process"
        raise InputError(f"{shown(path)} is damaged, {how}: copy or download it again")


@lru_cache(maxsize=64)
def _ended(path: Path, changed: int, size: int) -> int:
    """Minus the signal that ended a look at a file; 0 without one."""
    command = [sys.executable, "-P", "-m", __name__, str(path)]  # -P: no module of the working directory is imported
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return min(0, ended.returncode)


def main() -> None:
    """Ends by SIGALRM where something takes too long, also after its parent was killed. Errors are left to who reads the file."""
    import h5py

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    with suppress(Exception), h5py.File(sys.argv[1], "r") as file:
        for thing in _things(file):
            signal.alarm(PATIENCE)
            for name in thing.attrs:
                with suppress(Exception):
                    _ = thing.attrs[name]
            if isinstance(thing, h5py.Dataset) and thing.chunks:
                with suppress(Exception):
                    thing.id.chunk_iter(lambda chunk: signal.alarm(PATIENCE) and None)


def _things(file: Any) -> Iterator[Any]:
    """All groups and datasets that are stored in the file itself, each once."""
    import h5py

    waiting, seen = [file], set()
    while waiting:
        group = waiting.pop()
        yield group
        if not isinstance(group, h5py.Group):
            continue
        with suppress(Exception):
            for name in group:
                signal.alarm(PATIENCE)
                with suppress(Exception):
                    if group.get(name, getlink=True).__class__ is not h5py.HardLink:
                        continue
                    thing = group[name]
                    address = h5py.h5o.get_info(thing.id).addr
                    if address not in seen:
                        seen.add(address)
                        waiting.append(thing)


if __name__ == "__main__":
    main()
