"""Work spread over processes of this machine or over a Dask cluster. Results come in the order of the work."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs, parallel_config

from keyin_cli.errors import InputError, RunError
from keyin_cli.interrupts import SIGNALS, tidied

DASK_SECONDS = 20  # to wait for a scheduler
WATCH = 1.0  # seconds between two looks of a worker at whether its parent is there
SILENT = "ignore:resource_tracker"  # joblib's process that cleans up after a killed command does so without a word

# A worker whose memory grew ends, and loky begins another: no news for whoever waits.
warnings.filterwarnings("ignore", message="A worker stopped while some jobs", category=UserWarning)

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def backend(workers: int, dask: str | None) -> Iterator[None]:
    """joblib's back end: processes on this machine, or the Dask cluster at an address.

    Raises:
        InputError: Dask is not installed or there is no cluster.
    """
    if dask is None:
        begun = {"initializer": begin_worker, "initargs": (os.getpid(),)}
        with tidied(), _environment(workers), parallel_config(backend="loky", n_jobs=workers, **begun):
            yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--dask needs an extra: pip install 'keyin[dask]'") from None
    try:
        client = Client(dask, timeout=DASK_SECONDS)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler at {dask} ({' '.join(str(error).split())[:80]}): start one with `dask scheduler`"
        ) from None
    with tidied(), client, parallel_config(backend="dask", n_jobs=-1):
        yield


def spread(work: Callable[[Item], Result], items: Sequence[Item], per_worker: int = 1) -> Iterator[Result]:
    """`work` on all items, `per_worker` for each worker at a time, so that progress can be told with every joblib back end.

    Raises:
        RunError: a worker was killed.
    """
    size = per_worker * effective_n_jobs(None)
    for begin in range(0, len(items), size):
        try:
            results = Parallel()(delayed(work)(item) for item in items[begin : begin + size])
        except BrokenProcessPool:
            what = "a worker process ended before its work was done, killed or out of memory; what was finished is kept"
            raise RunError(f"{what}: run the same command again, with fewer --workers if memory is short") from None
        yield from results


def begin_worker(parent: int) -> None:
    """What a worker does first: leave signals that reach the whole group to its parent, and see to it that it ends with it."""
    for number in SIGNALS:
        if number != signal.SIGTERM:  # which asks for this process alone
            signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """A parent that was killed tells nobody; its children then have another."""
    while os.getppid() == parent:
        time.sleep(WATCH)
    os._exit(1)


def _begin_trackers() -> None:
    """Start the processes that clean up behind workers, so that a terminal that closes does not end them before they have: they
    keep SIGHUP blocked, and what comes meanwhile reaches this process when it no longer does."""
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as of_joblib

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        resource_tracker.ensure_running()
        of_joblib.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(workers: int) -> Iterator[None]:
    """What processes that are started inside are told: to import nothing that lies in the working directory, as a joblib.py."""
    warnings = ",".join(each for each in (os.environ.get("PYTHONWARNINGS"), SILENT) if each)
    told = {"PYTHONSAFEPATH": "1", "PYTHONWARNINGS": warnings}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        if workers > 1:
            _begin_trackers()
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
