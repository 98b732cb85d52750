"""Blends between keyframes: errors are those of frames that are really blended, the optimum is that of all sets, dB are
bounded."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from keyin_cli.discovery.benchmark import blend


def frames(n: int, seed: int = 0, size: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def blended(given: np.ndarray, keyframes: list[int]) -> np.ndarray:
    """The episode, written out."""
    ends = [0, *keyframes, len(given) - 1]
    made = given.astype(np.float64)
    for i, j in pairwise(ends):
        for t in range(i + 1, j):
            made[t] = given[i] * ((j - t) / (j - i)) + given[j] * ((t - i) / (j - i))
    return made


def test_inner_products_are_exact_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    some = frames(7)
    flat = some.reshape(7, -1).astype(np.int64)
    monkeypatch.setattr(blend, "BLOCK", 30)
    assert np.array_equal(blend.inner_products(some), flat @ flat.T)


def test_errors_are_those_of_blended_frames() -> None:
    some = frames(12)
    segments = blend.segment_errors(blend.inner_products(some))
    for keyframes in ([], [1], [10], [5], [1, 2, 3], [3, 9], list(range(1, 11))):
        away = some - blended(some, keyframes)
        assert blend.error(segments, keyframes) == pytest.approx((away**2).sum(), abs=1e-6)
    assert np.isinf(segments[np.tril_indices(12)]).all()
    assert np.all(segments[np.arange(11), np.arange(1, 12)] == 0)  # nothing lies between neighbours


def test_a_fade_costs_nothing_and_a_small_error_on_bright_frames_is_seen() -> None:
    fade = np.round(np.linspace(0, 250, 26))[:, None, None, None] * np.ones((1, 2, 2, 3))
    segments = blend.segment_errors(blend.inner_products(fade.astype(np.uint8)))
    assert blend.error(segments, []) == pytest.approx(0, abs=1e-6)
    bright = np.full((200, 64, 64, 3), 255, np.uint8)
    bright[100, 0, 0, 0] = 254
    segments = blend.segment_errors(blend.inner_products(bright))
    assert blend.error(segments, []) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_the_optimum_is_the_best_of_all_sets(seed: int) -> None:
    segments = blend.segment_errors(blend.inner_products(frames(9, seed)))
    best, last = blend.optimum(segments, 4), np.inf
    for most in range(5):
        every = [list(each) for count in range(most + 1) for each in combinations(range(1, 8), count)]
        least = min(blend.error(segments, each) for each in every)
        assert blend.error(segments, best[most]) == pytest.approx(least)
        assert len(best[most]) <= most
        assert least <= last
        last = least


def test_fewer_keyframes_where_more_would_be_worse() -> None:
    shaky = np.array([100, 110, 90, 110, 100], np.uint8).reshape(5, 1, 1, 1)  # each, given, spoils its neighbours
    segments = blend.segment_errors(blend.inner_products(shaky))
    assert min(blend.error(segments, [t]) for t in (1, 2, 3)) > blend.error(segments, []) == pytest.approx(300)
    assert blend.optimum(segments, 3) == [[], [], [1, 2], [1, 2, 3]]
    still = blend.segment_errors(blend.inner_products(np.full((6, 2, 2, 1), 7, np.uint8)))
    assert blend.optimum(still, 3) == [[], [], [], []]  # of equals the smallest
    assert blend.optimum(still[:2, :2], 2) == [[], [], []]  # two frames have nothing between them


def test_decibels() -> None:
    assert blend.psnr(255**2 * 10, 1000) == pytest.approx(20)
    assert blend.psnr(0, 10) == blend.psnr(10 / 13, 10) == pytest.approx(58.92, abs=0.01)
