"""iCEM: coloured noise, elites carried on, the best that was tried; nearer than CEM to a smooth target."""

import numpy as np
import pytest

from keyin_cli.planning import cem, icem


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
    ours, _ = icem.improve(cost, numbers, 5, icem.nothing(20, 8, 3))
    assert cost(ours[:, None]).mean() < 0.5 * cost(cem.minimise(cost, numbers, 5)[:, None]).mean()


def test_the_best_that_was_tried_is_returned() -> None:
    seen = []

    def cost(actions: np.ndarray) -> np.ndarray:
        value = np.abs(actions.sum(axis=(-2, -1)) - 3.3)
        seen.append(value)
        return value

    best, _ = icem.improve(cost, noise(4, 6, 30, 5, 2), 4, icem.nothing(6, 5, 2))
    lowest = np.concatenate(seen[:4], axis=1).min(axis=1)
    np.testing.assert_allclose(cost(best[:, None])[:, 0], lowest)


def test_what_is_carried_on_is_a_step_later_and_among_the_samples() -> None:
    carried = icem.nothing(1, 4, 1)
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
