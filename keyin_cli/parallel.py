"""Work spread over processes of this machine or over a Dask cluster. Results come in the order of the work."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs, parallel_config

from keyin_cli.errors import InputError

DASK_SECONDS = 20  # to wait for a scheduler

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def backend(workers: int, dask: str | None) -> Iterator[None]:
    """joblib's back end: processes on this machine, or the Dask cluster at an address.

    Raises:
        InputError: Dask is not installed or there is no cluster.
    """
    if dask is None:
        ignore = {"initializer": signal.signal, "initargs": (signal.SIGINT, signal.SIG_IGN)}  # Ctrl-C is this process's to handle
        with parallel_config(backend="loky", n_jobs=workers, **ignore):
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
    with client, parallel_config(backend="dask", n_jobs=-1):
        yield


def spread(work: Callable[[Item], Result], items: Sequence[Item], per_worker: int = 1) -> Iterator[Result]:
    """`work` on all items, `per_worker` for each worker at a time, so that progress can be told with every joblib back end."""
    size = per_worker * effective_n_jobs(None)
    for begin in range(0, len(items), size):
        yield from Parallel()(delayed(work)(item) for item in items[begin : begin + size])
