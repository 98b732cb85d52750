"""iCEM (Pinneri et al. 2020): CEM over action sequences with coloured noise that carries elites on from step to step.

Shapes: P problems, M samples of l actions of size A.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keyin_cli.datasets.rng import Integers
from keyin_cli.planning.servos.cem import Cem
from keyin_cli.planning.servos.servo import Array, Servo, Settings

if TYPE_CHECKING:
    from keyin_cli.planning.dynamics import Dynamics

COLOUR = 1.0  # beta: the power of an action's noise falls with its frequency to this power
DEVIATION = 1.0  # of the first Gaussian; actions are within [-1, 1]
CARRIED = 0.3  # share of the elites that are samples of the next iteration, and of the next step


@dataclass(frozen=True)
class Carried:
    """What one step hands on to the next, already a step later: `mean` (P,l,A) and `elites` (P,k,l,A)."""

    mean: Array
    elites: Array


def first(problems: int, horizon: int, size: int) -> Carried:
    """What is handed to the first step: no elites, and standing still as the mean."""
    return Carried(np.zeros((problems, horizon, size)), np.zeros((problems, 0, horizon, size)))


def coloured(white: Array) -> Array:
    """Noise (…,l,A) of unit variance whose power falls with frequency, from standard normal numbers of that shape."""
    length = white.shape[-2]
    frequency = np.fft.fftfreq(length)
    scale = np.maximum(np.abs(frequency), 1 / length) ** (-COLOUR / 2)
    scale /= np.sqrt((scale**2).mean())
    return np.fft.ifft(np.fft.fft(white, axis=-2) * scale[:, None], axis=-2).real


def improve(cost: Callable[[Array], Array], noise: Array, elites: int, carried: Carried) -> tuple[Array, Carried]:
    """One step of planning.

    Args:
        cost: (P,M,l,A) -> (P,M).
        noise: standard normal numbers (iterations,P,M,l,A).
        elites: how many of the best samples the next Gaussian is fitted to.
        carried: from the step before.

    Returns:
        The best sequence (P,l,A) that was tried, and what is carried on. Elites stay among the samples and so does the last mean,
        so the best of the last iteration is the best of all.
    """
    mean, deviation, kept = carried.mean[:, None], np.full_like(carried.mean[:, None], DEVIATION), carried.elites
    count = max(1, round(CARRIED * elites))
    for number, numbers in enumerate(noise):
        samples = np.clip(mean + deviation * coloured(numbers), -1, 1)
        if number == len(noise) - 1:
            kept = np.concatenate([kept, np.clip(mean, -1, 1)], axis=1)
        samples[:, : kept.shape[1]] = kept
        order = np.argsort(cost(samples), axis=1, kind="stable")[:, :elites]
        best = np.take_along_axis(samples, order[..., None, None], axis=1)
        mean, deviation, kept = best.mean(axis=1, keepdims=True), best.std(axis=1, keepdims=True), best[:, :count]
    return kept[:, 0], Carried(_later(mean[:, 0]), _later(kept))


def _later(actions: Array) -> Array:
    """Sequences (…,l,A) one action later; the last is repeated."""
    return np.concatenate([actions[..., 1:, :], actions[..., -1:, :]], axis=-2)


class Icem(Cem):
    """Coloured noise, elites kept and carried on, the best sequence that was tried."""

    def __init__(self, settings: Settings, dynamics: Dynamics, seed: int, tasks: Integers) -> None:
        from keyin_cli.datasets.pushing.env import ACTION_SIZE

        super().__init__(settings, dynamics, seed, tasks)
        self._mean = np.zeros((len(tasks), settings.horizon, ACTION_SIZE))
        self._elites: Array | None = None  # (tasks,k,l,3) once the first step was planned

    def act(self, states: Array, targets: Array, rows: Integers, step: int) -> Array:
        carried = first(len(rows), *self._mean.shape[1:])
        if self._elites is not None:
            carried = Carried(self._mean[rows], self._elites[rows])
        best, carried = improve(self.cost(states, targets), self.noise(rows, step), self.settings.elites, carried)
        if self._elites is None:
            self._elites = np.zeros((len(self.tasks), *carried.elites.shape[1:]))
        self._mean[rows], self._elites[rows] = carried.mean, carried.elites
        return best[:, 0]


SERVO = Servo(
    name="icem", help="iCEM: coloured noise, elites carried on from step to step (Pinneri et al. 2020)", order=20, controller=Icem
)
