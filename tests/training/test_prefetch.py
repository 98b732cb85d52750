import threading
import time
from itertools import islice
from types import SimpleNamespace

import pytest
import torch

from keyin_cli.training import prefetch
from keyin_cli.training.prefetch import Prefetch


def test_items_come_in_order_and_from_where_a_run_continues() -> None:
    with Prefetch(lambda step: step * step, range(3, 40)) as items:
        assert list(items) == [step * step for step in range(3, 40)]


def test_only_a_few_are_made_ahead_and_the_thread_ends_with_the_block() -> None:
    made: list[int] = []
    with Prefetch(lambda step: made.append(step), range(1000)) as items:
        list(islice(items, 10))
        deadline = time.monotonic() + 60
        while len(made) < 10 + prefetch.AHEAD - 1 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
        assert 10 + prefetch.AHEAD - 1 <= len(made) <= 10 + prefetch.AHEAD
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_an_exception_comes_where_its_item_would_have_come() -> None:
    def make(step: int) -> int:
        if step == 6:
            raise MemoryError("step 6")
        return step

    came: list[int] = []
    with pytest.raises(MemoryError, match="step 6"), Prefetch(make, range(100)) as items:
        came.extend(items)
    assert came == list(range(6))
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_time_is_counted_only_when_there_is_nothing_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that goes on only while an item is made that is waited for, then only while an item is used."""
    now, asked = [0.0], threading.Semaphore(0)

    def clock() -> float:
        asked.release()
        return now[0]

    def make(step: int) -> None:
        for _ in range(2 if step else 1):  # the clock is asked when the item before has come and when this one is asked for
            assert asked.acquire(timeout=60)
        now[0] += 1

    monkeypatch.setattr(prefetch, "time", SimpleNamespace(perf_counter=clock))
    with Prefetch(make, range(5)) as slow:
        list(slow)
    assert slow.waited == 5
    with Prefetch(lambda step: step, range(20)) as fast:
        for _ in fast:
            now[0] += 1
    assert fast.waited == 0


def test_the_number_of_threads_stays() -> None:
    before, seen = torch.get_num_threads(), []
    with Prefetch(lambda step: seen.append(torch.get_num_threads()), range(2)) as items:
        list(items)
        later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        later.start()
        later.join()
    assert seen == [1, 1, before]
    assert torch.get_num_threads() == before
