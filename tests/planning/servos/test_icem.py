"""iCEM: coloured noise, elites carried on, the best that was tried; nearer than CEM to a smooth target."""

import numpy as np
import pytest

from keyin_cli.planning import cem
from keyin_cli.planning.servos import icem


def noise(iterations: int, problems: int, samples: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((iterations, problems, samples, *shape))


def test_coloured_noise_has_unit_variance_and_is_slow() -> None:
    colour = icem.coloured(noise(1, 1, 20_000, 8, 2)[0, 0])
    assert colour.std(axis=0) == pytest.approx(np.ones((8, 2)), abs=0.03)
    beside = (colour[:, :-1] * colour[:, 1:]).mean(axis=0)
    assert (beside > 0.3).all()
    assert np.abs((colour[:, :, 0] * colour[:, :, 1]).mean(axis=0)).max() < 0.03  # actions stay independent of each other


def test_a_smooth_target_is_met_more_closely_than_by_cem() -> None:
    target = np.linspace(-0.8, 0.8, 8)[:, None] * [1, -1, 0.5]

    def cost(actions: np.ndarray) -> np.ndarray:
        return ((actions - target) ** 2).sum(axis=(-2, -1))

    numbers = noise(3, 20, 100, 8, 3)
    ours, _ = icem.improve(cost, numbers, 5, icem.first(20, 8, 3))
    assert cost(ours[:, None]).mean() < 0.5 * cost(cem.minimise(cost, numbers, 5)[:, None]).mean()


def test_the_best_that_was_tried_is_returned() -> None:
    seen = []

    def cost(actions: np.ndarray) -> np.ndarray:
        value = np.abs(actions.sum(axis=(-2, -1)) - 3.3)
        seen.append(value)
        return value

    best, _ = icem.improve(cost, noise(4, 6, 30, 5, 2), 4, icem.first(6, 5, 2))
    lowest = np.concatenate(seen[:4], axis=1).min(axis=1)
    np.testing.assert_allclose(cost(best[:, None])[:, 0], lowest)


def test_what_is_carried_on_is_a_step_later_and_among_the_samples() -> None:
    carried = icem.first(1, 4, 1)
    best, carried = icem.improve(lambda a: -a.sum(axis=(-2, -1)), noise(2, 1, 40, 4, 1), 8, carried)
    np.testing.assert_array_equal(carried.elites[0, 0, :-1], best[0, 1:])
    np.testing.assert_array_equal(carried.elites[0, 0, -1], best[0, -1])
    tried = []

    def cost(actions: np.ndarray) -> np.ndarray:
        tried.append(actions)
        return -actions.sum(axis=(-2, -1))

    icem.improve(cost, noise(2, 1, 40, 4, 1, seed=1), 8, carried)
    np.testing.assert_array_equal(tried[0][0, : carried.elites.shape[1]], carried.elites[0])
    assert np.abs(tried[0]).max() <= 1


def test_every_iteration_samples_around_the_elites_of_the_one_before() -> None:
    """Elites fill the first places: three tenths of them in the next iteration, in the last one the mean as well."""
    tried: list[np.ndarray] = []

    def cost(actions: np.ndarray) -> np.ndarray:
        tried.append(actions.copy())
        return np.abs(actions - 0.4).sum(axis=(-2, -1))

    numbers, rng = noise(3, 2, 60, 4, 3), np.random.default_rng(1)
    before = icem.Carried(rng.uniform(-1, 1, (2, 4, 3)), rng.uniform(-1, 1, (2, 3, 4, 3)))
    best, after = icem.improve(cost, numbers, 10, before)
    mean, deviation, kept = before.mean[:, None], np.ones((2, 1, 4, 3)), before.elites
    for number, samples in enumerate(tried):
        if number == 2:
            kept = np.concatenate([kept, np.clip(mean, -1, 1)], axis=1)
        np.testing.assert_allclose(samples[:, : kept.shape[1]], kept)
        drawn = np.clip(mean + deviation * icem.coloured(numbers[number]), -1, 1)
        np.testing.assert_allclose(samples[:, kept.shape[1] :], drawn[:, kept.shape[1] :])
        order = np.abs(samples - 0.4).sum(axis=(-2, -1)).argsort(axis=1, kind="stable")[:, :10]
        elites = np.stack([each[rows] for each, rows in zip(samples, order, strict=True)])
        mean, deviation, kept = elites.mean(axis=1, keepdims=True), elites.std(axis=1, keepdims=True), elites[:, :3]
    assert len(tried) == 3
    np.testing.assert_allclose(best, kept[:, 0])
    np.testing.assert_allclose(after.mean, np.concatenate([mean[:, 0, 1:], mean[:, 0, -1:]], axis=1))
    np.testing.assert_allclose(after.elites, np.concatenate([kept[:, :, 1:], kept[:, :, -1:]], axis=2))


def test_the_first_step_begins_with_standing_still_and_no_elites() -> None:
    carried = icem.first(2, 5, 3)
    assert carried.elites.shape == (2, 0, 5, 3)
    np.testing.assert_array_equal(carried.mean, np.zeros((2, 5, 3)))
