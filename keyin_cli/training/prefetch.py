"""Batches made ahead in a background thread, so that no step waits for data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Generic, TypeVar

import torch

Item = TypeVar("Item")

AHEAD = 4  # batches that may lie ready


class Prefetch(Generic[Item]):
    """Iterates over `make(step)` of every step in `steps`, in order; up to `AHEAD` of them are made ahead, by one thread.

    It runs inside a `with` block, at whose end the thread stops. What `make` raises is raised where its item would have come.
    """

    def __init__(self, make: Callable[[int], Item], steps: range) -> None:
        self.waited = 0.0  # seconds spent in waiting for items
        self._make, self._steps = make, steps
        self._ready: SimpleQueue[Item | BaseException] = SimpleQueue()
        self._room, self._begun, self._stopped = Semaphore(AHEAD), Event(), Event()
        self._thread = Thread(target=self._work, name="prefetch", daemon=True)

    def __enter__(self) -> Prefetch[Item]:
        threads = torch.get_num_threads()
        self._thread.start()
        self._begun.wait()
        torch.set_num_threads(threads)  # for threads that begin later; this one still has its own number
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._room.release()
        self._thread.join()

    def __iter__(self) -> Iterator[Item]:
        for _ in self._steps:
            begun = time.perf_counter()
            item = self._ready.get()
            self.waited += time.perf_counter() - begun
            if isinstance(item, BaseException):
                raise item
            self._room.release()
            yield item

    def _work(self) -> None:
        torch.set_num_threads(1)  # of this thread: a second team of OpenMP threads would fight with the first for the cores
        self._begun.set()
        for step in self._steps:
            self._room.acquire()
            if self._stopped.is_set():
                return
            try:
                self._ready.put(self._make(step))
            except BaseException as error:
                self._ready.put(error)
                return
