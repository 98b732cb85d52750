"""What this process asks of the C libraries below it, before torch is loaded. Both speed a CPU up a lot (RESULTS.md)."""

from __future__ import annotations

import ctypes
import os

MMAP_MAX, TRIM_THRESHOLD = -4, -1  # parameters of mallopt, as malloc.h numbers them
NEVER = 2**31 - 1


def tune_c_libraries() -> None:
    """Keep waiting threads and freed memory from costing time.

    GNU OpenMP's threads spin for milliseconds while they wait, which makes training many times slower on a machine that does
    something else too; a thousand turns cost little on an idle one. glibc gives large blocks back to the system when they are
    freed, so every step of training has its memory mapped and cleared again; told not to, it keeps them.

    What the user's environment says takes precedence. Where there is no glibc or no GNU OpenMP nothing happens. Commands call
    this; the library never does.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and not any(name.startswith("MALLOC_") for name in os.environ):
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, NEVER)


def give_back() -> bool:
    """Let the system have the memory that was freed and kept. Returns whether that can be asked for here."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
