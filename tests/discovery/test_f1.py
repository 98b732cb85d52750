import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keyin_cli.datasets.brownian import simulate
from keyin_cli.datasets.rng import splits, uniform
from keyin_cli.discovery.f1 import RESAMPLES, f1, matches, score, table_row
from keyin_cli.recipe import load

PUBLISHED = Path(__file__).parents[2] / "artifacts/released/brownian/table.json"

times = arrays(bool, (1, 9))


def best_pairing(detected: np.ndarray, true: np.ndarray, tolerance: int) -> int:
    """The largest matching, by trying every assignment."""
    short, long = sorted((np.flatnonzero(detected), np.flatnonzero(true)), key=len)
    orders = itertools.permutations(long, len(short)) if len(short) <= 4 else []
    return max((int((np.abs(short - np.array(order)) <= tolerance).sum()) for order in orders), default=0) if len(short) else 0


@given(times, times, st.integers(0, 2))
def test_matches_are_the_largest_pairing(detected: np.ndarray, true: np.ndarray, tolerance: int) -> None:
    if min(detected.sum(), true.sum()) <= 4:
        assert matches(detected, true, tolerance)[0] == best_pairing(detected[0], true[0], tolerance)


@given(times, times)
def test_exact_matches_are_the_common_frames(detected: np.ndarray, true: np.ndarray) -> None:
    assert matches(detected, true, 0)[0] == (detected & true).sum()


def test_scores_of_a_known_case() -> None:
    detected = np.array([[1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0]], bool)
    true = np.array([[1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0]], bool)
    exact, loose = score(detected, true, 0), score(detected, true, 1)
    assert (exact.precision, exact.recall) == pytest.approx((1 / 3, 1 / 3))
    assert loose.precision == pytest.approx(2 / 3)
    assert loose.f1 == pytest.approx(2 / 3)


def test_precision_is_of_the_detected_and_recall_of_the_true() -> None:
    """Three matches among the 4 that are detected and the 6 that are true; over the set, not averaged over sequences."""
    detected = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]], bool)
    true = np.array([[1, 1, 1, 0, 0, 0], [0, 1, 1, 1, 0, 0]], bool)
    found, swapped = score(detected, true, 0), score(true, detected, 0)
    assert (found.precision, found.recall, found.f1) == pytest.approx((3 / 4, 3 / 6, 6 / 10))
    assert (swapped.precision, swapped.recall, swapped.f1) == pytest.approx((3 / 6, 3 / 4, 6 / 10))
    assert f1(detected, true, 0) == found.f1


def test_the_interval_is_that_of_f1_over_drawn_sequences() -> None:
    rng = np.random.default_rng(1)
    true, detected = rng.random((40, 30)) < 0.2, rng.random((40, 30)) < 0.1
    drawn = np.random.default_rng(5).multinomial(40, np.full(40, 1 / 40), size=RESAMPLES)
    resampled = [f1(np.repeat(detected, times, axis=0), np.repeat(true, times, axis=0), 1) for times in drawn[:200]]
    matched, some, all_true = matches(detected, true, 1), detected.sum(1), true.sum(1)
    ratios = 2 * (drawn @ matched) / (drawn @ some + drawn @ all_true)
    np.testing.assert_array_equal(ratios[:200], resampled)
    assert score(detected, true, 1, seed=5).ci95 == tuple(np.quantile(ratios, (0.025, 0.975)))


def test_a_published_row_comes_out_to_the_last_digit() -> None:
    """That of the method constant, which is known from its offset; the test split of the dataset is made anew."""
    recipe = load("brownian")
    window, data = recipe.window, recipe.data
    assert data.kind == "brownian"
    drawn = splits(data.split, uniform(data.seed, np.arange(data.n), 1)[:, 0])
    true = simulate(data, np.flatnonzero(drawn == 2)).keyframes[:, window.conditioning : window.conditioning + window.predicted]
    true[:, -1] = False
    published = next(row for row in json.loads(PUBLISHED.read_text())["rows"] if row["method"] == "constant")
    offset = int(published["settings"]["offset"])
    detected = np.zeros_like(true)
    detected[:, offset - 1 : offset * window.keyframes : offset] = True
    row = json.loads(json.dumps(table_row("constant", detected, true)))
    assert row == {key: published[key] for key in row}


def test_perfect_and_hopeless() -> None:
    true = np.eye(5, dtype=bool)
    perfect, hopeless = score(true, true, 0), score(np.zeros_like(true), true, 2)
    assert (perfect.f1, perfect.ci95) == (1.0, (1.0, 1.0))
    assert (hopeless.precision, hopeless.recall, hopeless.f1) == (0, 0, 0)


def test_the_interval_covers_and_narrows() -> None:
    rng = np.random.default_rng(0)
    true, detected = rng.random((2000, 30)) < 0.14, rng.random((2000, 30)) < 0.14
    few, many = score(detected[:50], true[:50], 0), score(detected, true, 0)
    assert few.ci95[0] < many.f1 < few.ci95[1]
    assert many.ci95[1] - many.ci95[0] < (few.ci95[1] - few.ci95[0]) / 3


def test_without_labels_a_row_only_counts() -> None:
    row = table_row("keyin", np.array([[1, 0, 1], [0, 0, 1]], bool), None)
    assert row == {"method": "keyin", "f1": None, "precision": None, "recall": None, "ci95": None, "keyframes_per_sequence": 1.5}
