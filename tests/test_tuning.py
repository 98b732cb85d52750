"""Freed memory stays with the process, unless the user says otherwise."""

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource
from keyin_cli import cli
import numpy as np
def touched():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(64 * 2**20, dtype=np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
touched()
print(touched())
"""


@pytest.mark.parametrize(("theirs", "again"), [({}, False), ({"MALLOC_ARENA_MAX": "2"}, True)])
def test_a_freed_block_is_used_again(theirs: dict[str, str], again: bool) -> None:
    """64 MiB are 16,384 pages, or 32 huge ones, which fault when they are touched first.

    Dask sets MALLOC_TRIM_THRESHOLD_ in a process that starts workers, as other tests do in this one.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run([sys.executable, "-c", FAULTS], env=ours | theirs, capture_output=True, text=True, check=True)
    assert (int(done.stdout) > 16) is again


KEPT = """
import resource
from keyin_cli import tuning
tuning.tune_c_libraries()
def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
blocks = [bytearray(b"1" * 10**6) for _ in range(200)]
behind = bytearray(b"1" * 10**6)  # so that it is not the end of the heap that is free
del blocks
kept = held()
assert tuning.give_back()
print(kept - held())
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="there is nothing to look it up in")
def test_freed_memory_is_given_back_when_it_is_asked_for() -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run([sys.executable, "-c", KEPT], env=ours, capture_output=True, text=True, check=True)
    assert float(done.stdout) > 150
