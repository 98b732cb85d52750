"""CEM: finds minima, keeps problems apart, and returns the best sample of the last iteration."""

import numpy as np

from keyin_cli.planning.cem import minimise


def noise(iterations: int, problems: int, samples: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((iterations, problems, samples, *shape))


def test_it_finds_the_minimum_of_every_problem() -> None:
    targets = np.array([[0.5, -1.0], [2.0, 1.5], [-1.0, 0.0]])
    best = minimise(lambda x: ((x - targets[:, None]) ** 2).sum(axis=-1), noise(8, 3, 200, 2), elites=10)
    np.testing.assert_allclose(best, targets, atol=0.02)


def test_more_iterations_come_closer() -> None:
    def cost(x: np.ndarray) -> np.ndarray:
        return ((x - 1.0) ** 2).sum(axis=(-2, -1))

    errors = [cost(minimise(cost, noise(count, 20, 100, 4, 3), elites=5)[:, None]).mean() for count in (1, 3, 6)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_one_iteration_is_the_best_of_the_prior() -> None:
    numbers = noise(1, 4, 50, 3)
    best = minimise(lambda x: x[..., 0], numbers, elites=5)
    expected = numbers[0][np.arange(4), numbers[0, ..., 0].argmin(axis=1)]
    np.testing.assert_array_equal(best, expected)


def test_a_problem_does_not_depend_on_its_neighbours() -> None:
    targets = np.array([0.3, -0.7, 1.1])
    numbers = noise(4, 3, 60, 5)
    together = minimise(lambda x: np.abs(x.sum(axis=-1) - targets[:, None]), numbers, elites=6)
    alone = minimise(lambda x: np.abs(x.sum(axis=-1) - targets[1]), numbers[:, 1:2], elites=6)
    np.testing.assert_array_equal(together[1], alone[0])


def test_the_second_iteration_samples_around_the_elites() -> None:
    seen = []

    def cost(x: np.ndarray) -> np.ndarray:
        seen.append(x)
        return np.abs(x - 2.0)[..., 0]

    numbers = noise(2, 1, 100, 1)
    minimise(cost, numbers, elites=10)
    elites = np.sort(np.abs(numbers[0, 0, :, 0] - 2.0))[:10]
    chosen = numbers[0, 0, np.isin(np.abs(numbers[0, 0, :, 0] - 2.0), elites), 0]
    np.testing.assert_allclose(seen[1][0, :, 0], chosen.mean() + chosen.std() * numbers[1, 0, :, 0])
