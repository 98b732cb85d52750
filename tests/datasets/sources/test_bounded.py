"""A bomb that no check knows takes no more memory than was free."""

import resource

import numpy as np
import pytest

from keyin_cli.datasets.sources import source


def test_no_more_is_taken_than_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr(source, "free_memory", lambda: 50_000_000)
    with source.bounded():
        assert np.ones(10_000_000, np.uint8).all()
        with pytest.raises(MemoryError):
            np.empty(8 << 30, np.uint8)  # more than freed memory that the process has kept
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert np.ones(200_000_000, np.uint8).all()


def test_a_limit_that_is_there_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr(source, "free_memory", lambda: 1 << 50)
    resource.setrlimit(resource.RLIMIT_DATA, (1 << 40, hard))
    try:
        with source.bounded():
            assert resource.getrlimit(resource.RLIMIT_DATA) == (1 << 40, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
