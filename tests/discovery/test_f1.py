import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keyin_cli.discovery.f1 import matches, score, table_row

times = arrays(bool, (1, 9))


def best_pairing(named: np.ndarray, true: np.ndarray, tolerance: int) -> int:
    """The largest matching, by trying every assignment."""
    short, long = sorted((np.flatnonzero(named), np.flatnonzero(true)), key=len)
    orders = itertools.permutations(long, len(short)) if len(short) <= 4 else []
    return max((int((np.abs(short - np.array(order)) <= tolerance).sum()) for order in orders), default=0) if len(short) else 0


@given(times, times, st.integers(0, 2))
def test_matches_are_the_largest_pairing(named: np.ndarray, true: np.ndarray, tolerance: int) -> None:
    if min(named.sum(), true.sum()) <= 4:
        assert matches(named, true, tolerance)[0] == best_pairing(named[0], true[0], tolerance)


@given(times, times)
def test_exact_matches_are_the_common_frames(named: np.ndarray, true: np.ndarray) -> None:
    assert matches(named, true, 0)[0] == (named & true).sum()


def test_scores_of_a_known_case() -> None:
    named = np.array([[1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0]], bool)
    true = np.array([[1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0]], bool)
    exact, loose = score(named, true, 0), score(named, true, 1)
    assert (exact.precision, exact.recall) == pytest.approx((1 / 3, 1 / 3))
    assert loose.precision == pytest.approx(2 / 3)
    assert loose.f1 == pytest.approx(2 / 3)


def test_perfect_and_hopeless() -> None:
    true = np.eye(5, dtype=bool)
    perfect, hopeless = score(true, true, 0), score(np.zeros_like(true), true, 2)
    assert (perfect.f1, perfect.ci95) == (1.0, (1.0, 1.0))
    assert (hopeless.precision, hopeless.recall, hopeless.f1) == (0, 0, 0)


def test_the_interval_covers_and_narrows() -> None:
    rng = np.random.default_rng(0)
    true, named = rng.random((2000, 30)) < 0.14, rng.random((2000, 30)) < 0.14
    few, many = score(named[:50], true[:50], 0), score(named, true, 0)
    assert few.ci95[0] < many.f1 < few.ci95[1]
    assert many.ci95[1] - many.ci95[0] < (few.ci95[1] - few.ci95[0]) / 3


def test_without_labels_a_row_only_counts() -> None:
    row = table_row("keyin", np.array([[1, 0, 1], [0, 0, 1]], bool), None)
    assert row == {"method": "keyin", "f1": None, "precision": None, "recall": None, "ci95": None, "keyframes_per_sequence": 1.5}
