"""Each statistic against scipy, against its normal limit, and against a plain computation bit for bit."""

import numpy as np
import pytest
from scipy.stats import binomtest

from keyin_cli import statistics
from keyin_cli.statistics import interval_of_mean, interval_of_ratio, interval_over_seeds, mcnemar, wilson

RESAMPLES = 500
DRAWS = 20_000  # for the normal limit, whose quantiles are then met to within 0.02 standard errors (one standard deviation)


def ratio(sums: np.ndarray) -> np.ndarray:
    return sums[0] / sums[1]


def some_counts(n: int, seed: int = 1) -> np.ndarray:
    """Successes and trials (n,2) of sequences that differ in their rate."""
    rng = np.random.default_rng(seed)
    trials = rng.integers(1, 9, n)
    return np.stack([rng.binomial(trials, rng.uniform(0.2, 0.9, n)), trials], axis=1)


# ---------------------------------------------------------------- bootstrap


@pytest.mark.parametrize("block", [1, 1000, 2**18])
@pytest.mark.parametrize("n", [1, 7, 160, 2001])
def test_the_interval_of_a_ratio_is_that_of_all_resamples_at_once(n: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "BLOCK", block)
    counts = some_counts(n)
    draws = np.random.default_rng(3).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    sums = draws @ counts
    expected = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    assert interval_of_ratio(counts, ratio, RESAMPLES, seed=3) == tuple(expected)


@pytest.mark.parametrize("block", [1, 1000, 2**18])
@pytest.mark.parametrize("n", [1, 7, 160, 2001])
def test_the_interval_of_a_mean_is_that_of_all_resamples_at_once(n: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "BLOCK", block)
    values = np.random.default_rng(1).standard_normal(n)
    rows = np.random.default_rng(3).integers(0, n, (RESAMPLES, n))
    expected = np.quantile(values[rows].mean(axis=1), (0.025, 0.975))
    assert interval_of_mean(values, RESAMPLES, seed=3) == tuple(expected)


def test_a_block_holds_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def watched(sums: np.ndarray) -> np.ndarray:
        sizes.append(sums.shape[1])
        return ratio(sums)

    monkeypatch.setattr(statistics, "BLOCK", 1000)
    interval_of_ratio(some_counts(300), watched, 20)
    assert sizes == [3] * 6 + [2]


def test_the_interval_of_a_mean_has_the_normal_limit() -> None:
    """At 90 % its ends would be 1.64 standard errors away and not 1.96."""
    values = np.random.default_rng(0).gamma(2.0, 1.0, 3000)
    ends = (np.array(interval_of_mean(values, DRAWS)) - values.mean()) / (values.std() / np.sqrt(3000))
    np.testing.assert_allclose(ends, [-1.96, 1.96], atol=0.08)


def test_the_interval_of_a_ratio_has_the_normal_limit() -> None:
    """Whole sequences are drawn: the residuals of sequences, not of single trials, set its width (delta method)."""
    counts = some_counts(1500)
    whole = counts[:, 0].sum() / counts[:, 1].sum()
    deviation = (counts[:, 0] - whole * counts[:, 1]).std() / counts[:, 1].mean() / np.sqrt(1500)
    ends = (np.array(interval_of_ratio(counts, ratio, DRAWS)) - whole) / deviation
    np.testing.assert_allclose(ends, [-1.96, 1.96], atol=0.08)


def test_the_interval_of_a_mean_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    intervals = [interval_of_mean(rng.normal(0.3, 1, 60), 2000) for _ in range(400)]
    covered = [low <= 0.3 <= high for low, high in intervals]
    assert 0.92 <= np.mean(covered) <= 0.98


def test_intervals_depend_on_their_seed_alone() -> None:
    counts, values = some_counts(50), np.random.default_rng(0).standard_normal(50)
    for interval in (
        lambda seed: interval_of_ratio(counts, ratio, RESAMPLES, seed),
        lambda seed: interval_of_mean(values, RESAMPLES, seed),
    ):
        assert interval(1) == interval(1) != interval(2)


def test_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        interval_of_mean(np.zeros(0), RESAMPLES)
    with pytest.raises(ValueError, match="at least one value"):
        interval_of_ratio(np.zeros((0, 2), np.int64), ratio, RESAMPLES)
    with pytest.raises(ValueError, match="at least one trial"):
        wilson(0, 0)


# ---------------------------------------------------------------- rates and paired successes


@pytest.mark.parametrize("n", [1, 2, 10, 120, 240])
def test_wilson_is_that_of_scipy(n: int) -> None:
    for successes in range(n + 1):
        expected = binomtest(successes, n).proportion_ci(confidence_level=0.95, method="wilson")
        assert wilson(successes, n) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962), (77, 120, 0.5527, 0.7220)],
)
def test_wilson_of_tables(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-4)


def test_wilson_stays_within_0_and_1() -> None:
    ends = np.array([wilson(successes, n) for n in range(1, 60) for successes in (0, n)])
    assert ends.min() == 0
    assert ends.max() == 1


def test_mcnemar_is_the_binomial_test_of_scipy() -> None:
    pairs = [(gained, lost) for gained in range(16) for lost in range(16) if gained + lost]
    for gained, lost in [*pairs, (55, 9), (230, 0)]:
        assert mcnemar(gained, lost) == pytest.approx(binomtest(gained, gained + lost, 0.5).pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("gained", "lost", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (120, 0, 2**-119)]
)
def test_mcnemar_of_known_cases(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p, rel=1e-12)


def test_the_interval_over_seeds_holds_both_spreads() -> None:
    """Of one seed it is that of sequences; of seeds that differ it reaches from the lowest to the highest of them."""
    rng = np.random.default_rng(0)
    counts = np.stack([rng.integers(0, 5, 300), np.full(300, 5)], axis=1)

    def ratio(sums: np.ndarray) -> np.ndarray:
        return sums[0] / sums[1]

    alone, over_one = (
        interval(each, ratio, 2000) for interval, each in ((interval_of_ratio, counts), (interval_over_seeds, counts[None]))
    )
    np.testing.assert_allclose(over_one, alone, atol=5e-3)
    worse = counts * [0, 1]
    low, high = interval_over_seeds(np.stack([counts, counts, worse]), ratio, 2000)
    mean = ratio(counts.sum(0))
    assert low <= 1e-9  # all sampled seeds are the worse one in 1 of 27 cases
    assert high == pytest.approx(mean, rel=0.1)
    with pytest.raises(ValueError, match="at least one value"):
        interval_over_seeds(np.zeros((0, 3, 2), int), ratio, 10)
