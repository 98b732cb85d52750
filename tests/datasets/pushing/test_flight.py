"""Flying is simulating, bit for bit, until something touches."""

import numpy as np
import pytest

from keyin_cli.datasets.pushing import flight
from keyin_cli.datasets.pushing.env import Simulator
from keyin_cli.datasets.pushing.geometry import clearance
from keyin_cli.planning.tasks import make

COPIES, HORIZON = 400, 8


def world(seed: int, lead: int) -> Simulator:
    """Scenes after some actions towards the puck: some have just pushed it, some fly, some are pressed against something."""
    rng = np.random.default_rng(seed)
    scene = make(seed, np.arange(8)).scene
    one = Simulator(8, 1)
    one.reset(scene)
    simulator = Simulator(COPIES, 1)
    simulator.state = np.repeat(one.state, COPIES // 8, axis=0)
    for _ in range(lead):
        towards = (simulator.puck - simulator.finger[:, :2]) / 0.2 + rng.normal(0, 0.5, (COPIES, 2))
        simulator.step(np.concatenate([towards, rng.uniform(-1, 0.5, (COPIES, 1))], axis=1))
    return simulator


@pytest.mark.parametrize("lead", [0, 1, 3, 6, 20])
def test_the_same_bits_as_simulating_every_action(lead: int) -> None:
    flown = world(1, lead)
    actions = np.random.default_rng(lead).uniform(-1.5, 1.5, (COPIES, HORIZON, 3))
    stepped = Simulator(COPIES, 1)
    stepped.state = flown.state
    flight.roll(flown, actions)
    for step in range(HORIZON):
        stepped.step(actions[:, step])
    for part in ("position", "velocity", "acceleration"):
        np.testing.assert_array_equal(getattr(flown, part), getattr(stepped, part))


def test_many_actions_are_flown_and_no_contact_is_missed() -> None:
    simulator, rng, simulated, pushed = world(3, 3), np.random.default_rng(4), 0, 0
    for _ in range(HORIZON):
        action, before, puck = rng.uniform(-1, 1, (COPIES, 3)), simulator.state, simulator.puck.copy()
        copies = flight.fly(simulator, action)
        simulator.state = before
        simulator.step(action)
        moved = np.flatnonzero(np.linalg.norm(simulator.puck - puck, axis=1) > 0.01)
        assert np.isin(moved, copies).all()
        simulated, pushed = simulated + len(copies), pushed + len(moved)
    assert 0 < pushed < simulated < COPIES * HORIZON / 2


def test_what_touches() -> None:
    """A lowered finger beside the puck, at the wall, above both; a puck at the wall, a puck at its limit."""
    wall = np.zeros((2, 1))
    reach = np.array([[0.9], [0.9], [np.inf], [np.inf], [np.inf]])

    def touches(*position: float) -> bool:
        return bool(flight.touching(np.array([position]).T, wall, reach)[0])

    assert not touches(0, -0.5, 0.16, -0.5, 0)
    assert touches(0, -0.5, 0.149, -0.5, 0)
    assert not touches(0, -0.5, 0, -0.5, 0.16)
    assert touches(0, -0.5, 0.3, 0.089, 0)
    assert not touches(0, -0.5, 0.3, 0.089, 0.11)
    assert touches(0.2, -0.139, 0.7, 0.7, 0)
    assert clearance(np.array([0.2, -0.139]), np.zeros(2)) < 0
    assert touches(0.9, 0.5, 0, 0, 0.25)
