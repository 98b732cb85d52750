"""Embeddings keep distances, have no sign of chance, and what methods need is asked for."""

from dataclasses import replace

import numpy as np
import pytest
from peers_pieces import demonstration

from keyin_cli.discovery import embedding, knobs, parts
from keyin_cli.discovery.embedding import components, of_pixels, of_signals

EPISODES = [demonstration(n, seed) for seed, n in enumerate((40, 25))]


def test_components_are_those_of_the_decomposition() -> None:
    values = np.random.default_rng(0).standard_normal((12, 30)).astype(np.float32) * np.linspace(1, 3, 30, dtype=np.float32)
    values -= values.mean(0)
    axes = components(values, 5)
    expected = np.linalg.svd(values, full_matrices=False)[2][:5].T
    np.testing.assert_allclose(np.abs(axes.T @ expected), np.eye(5), atol=1e-4)
    assert (axes[np.abs(axes).argmax(0), np.arange(5)] > 0).all()
    np.testing.assert_array_equal(axes, components(-values, 5))


def test_there_are_no_more_components_than_there_is_to_see() -> None:
    flat = np.outer(np.arange(6.0) - 2.5, np.ones(9)).astype(np.float32)
    assert components(flat, 4).shape == (9, 1)
    assert components(np.zeros((6, 9), np.float32), 4).tolist() == [[0]] * 9


def test_distances_are_those_of_images() -> None:
    embed = of_pixels(EPISODES, "x")
    found = embed(EPISODES[0])
    pixels = EPISODES[0].frames.reshape(40, -1) / 255
    assert found.dtype == np.float32
    assert found.shape == (40, embedding.COMPONENTS)
    assert np.linalg.norm(found[0] - found[13]) == pytest.approx(np.linalg.norm(pixels[0] - pixels[13]), rel=0.02)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "MOST_VALUES", 192 * 7)
    sample = embedding._sample(EPISODES)
    assert sample.shape == (7, 192)
    np.testing.assert_array_equal(sample[0], EPISODES[0].frames[0].ravel() / np.float32(255))
    np.testing.assert_array_equal(sample[-1], EPISODES[1].frames[-1].ravel() / np.float32(255))


def test_signals_are_on_one_scale() -> None:
    still = [replace(each, signals=np.concatenate([each.signals * 100, np.full((len(each), 1), 7)], axis=1)) for each in EPISODES]
    found = np.concatenate([of_signals(still, "x")(each) for each in still])
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(0), [1, 1, 1, 1, 0], atol=1e-4)


def test_the_gripper_is_closed_in_the_upper_half_of_what_it_does() -> None:
    several = zip(EPISODES, ([0.2, 0.3], [0.8, 0.5]), strict=True)
    made = [replace(each, roles={"gripper": np.array(values)[:, None]}) for each, values in several]
    assert parts.half_closed(made, "x") == pytest.approx(0.5)


def test_keyframes_at_frames() -> None:
    assert np.flatnonzero(parts.at([0, 2, 4], 5)).tolist() == [2]
    assert parts.at([], 1).tolist() == [False]


def test_knobs() -> None:
    counts = {1.0: 5, 2.0: 2, 3.0: 4, 4.0: 2}
    for wanted, expected in ((5, 1.0), (4, 3.0), (3, 2.0), (2, 2.0), (1, 2.0)):  # the last has none that is low enough
        assert knobs.closest(counts.__getitem__, counts, wanted) == expected
    with pytest.raises(ValueError, match="no settings"):
        knobs.closest(counts.__getitem__, [], 1)
    falling = [9, 7, 7, 4, 0]
    assert [int(knobs.lowest(lambda i: falling[int(i)], range(5), wanted)) for wanted in (9, 8, 7, 5, 0)] == [0, 1, 1, 3, 4]


@pytest.mark.parametrize(("wanted", "found"), [(0, 0), (1, 1), (2, 1), (3, 3), (4, 4), (5, 4)])
def test_threshold_of_scores(wanted: int, found: int) -> None:
    scores = np.array([0, 3, 2, 0, 3, 5, 0.0])
    assert ((scores >= knobs.threshold(scores, wanted)) & (scores > 0)).sum() == found
