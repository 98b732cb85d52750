"""The puck is found in rendered frames where the state has it."""

import numpy as np

from keyin_cli.datasets.pushing.env import Simulator
from keyin_cli.planning.dynamics import SIZE, RenderedDynamics, TrueDynamics
from keyin_cli.planning.tasks import make

PIXEL = 2.1 / SIZE


def test_rendered_and_segmented_is_the_state_within_a_pixel() -> None:
    tasks = make(0, np.arange(5))
    world = Simulator(5, 1)
    world.reset(tasks.scene)
    towards = tasks.scene.start[:, None] + np.random.default_rng(1).uniform(-0.15, 0.15, (5, 20, 2))  # where pucks are met
    actions = np.zeros((5, 20, 8, 3))
    actions[..., :2] = np.clip(towards, -0.8, 0.8)[:, :, None] / (8 * 0.2)
    actions[..., 4:, 2] = -1
    state, seen = TrueDynamics(1)(world.state, actions), RenderedDynamics(1)(world.state, actions)
    moved = np.linalg.norm(state - tasks.scene.start[:, None], axis=-1)
    assert (moved > 0.02).mean() > 0.2  # many were pushed
    assert np.linalg.norm(state - seen, axis=-1).max() < PIXEL
    cost, seen_cost = (np.linalg.norm(each - tasks.scene.goal[:, None], axis=-1) for each in (state, seen))
    assert np.abs(cost - seen_cost).max() < PIXEL
