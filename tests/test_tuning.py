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
