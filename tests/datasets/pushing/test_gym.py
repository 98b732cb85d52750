import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from keyin_cli.datasets.pushing import env, scenes
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, shortest_path
from keyin_cli.datasets.pushing.gym import STEPS, PushingEnv

NAME = "keyin_cli.datasets.pushing.gym:keyin/Pushing-v0"


def test_gymnasium_finds_nothing_wrong() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(NAME, render_mode="rgb_array").unwrapped)


def episode(world: gymnasium.Env, seed: int) -> list[tuple[np.ndarray, float]]:
    observation, _ = world.reset(seed=seed)
    world.action_space.seed(seed)
    taken = [(observation, 0.0)]
    for _ in range(20):
        observation, reward, *_ = world.step(world.action_space.sample())
        taken.append((observation, reward))
    return taken


def test_an_episode_depends_on_its_seed_alone() -> None:
    first, second = gymnasium.make(NAME), gymnasium.make(NAME)
    episode(second, seed=9)
    for (observation, reward), (same, equal) in zip(episode(first, seed=4), episode(second, seed=4), strict=True):
        np.testing.assert_array_equal(observation, same)
        assert reward == equal
    assert (episode(first, seed=5)[0][0][:2] != episode(second, seed=4)[0][0][:2]).all()


def test_observations_rewards_and_the_limit_of_steps() -> None:
    world = gymnasium.make(NAME)
    observation, _ = world.reset(seed=0)
    simulator = env.Simulator(1, threads=1)
    simulator.reset(env.Scene(observation[None, 10:12], observation[None, :2], observation[None, 12:]))
    for step in range(1, STEPS + 1):
        action = world.action_space.sample()
        observation, reward, terminated, truncated, _ = world.step(action)
        simulator.step(action[None].astype(np.float64))
        np.testing.assert_allclose(observation[:10], simulator.motion[0], atol=1e-4)
        assert reward == pytest.approx(-shortest_path(observation[:2], observation[12:], observation[10:12]), abs=1e-5)
        assert observation in world.observation_space
        assert not terminated
        assert truncated == (step == STEPS)


def beside_the_goal(gap: float) -> env.Scene:
    """The puck this far from the goal, straight above it."""
    goal = np.array([[0.3, 0.4]])
    return env.Scene(np.array([[0.0, -0.1]]), goal + np.array([0, gap]), goal)


@pytest.mark.parametrize(("gap", "ends"), [(2 * PUCK_RADIUS - 0.001, True), (2 * PUCK_RADIUS + 0.001, False)])
def test_terminated_within_one_puck_diameter_of_the_goal(gap: float, ends: bool) -> None:
    world = gymnasium.make(NAME)
    observation, _ = world.reset(options={"scene": beside_the_goal(gap)})
    np.testing.assert_allclose(observation[[0, 1, 12, 13]], [0.3, 0.4 + gap, 0.3, 0.4], atol=1e-6)
    _, reward, terminated, *_ = world.step(np.zeros(3, np.float32))
    assert (reward, terminated) == (pytest.approx(-gap, abs=1e-6), ends)


def test_a_state_put_back_repeats_the_same_bits_in_another_environment() -> None:
    first, second = PushingEnv(), PushingEnv()
    observation, _ = first.reset(seed=0)
    second.reset(seed=1)
    rng = np.random.default_rng(0)
    behind = observation[:2] * (1 + 0.2 / np.linalg.norm(observation[:2]))
    for _ in range(4):
        first.step(np.array([*(behind - observation[2:4]) / env.REACH, 1.0]))  # over the puck, to push it back
        observation = first._observation()
    state = first.get_state()
    actions = [np.array([*-behind, -1]) + rng.uniform(-0.3, 0.3, 3) for _ in range(10)]
    taken = [first.step(action)[:2] for action in actions]
    assert np.ptp([observation[:2] for observation, _ in taken], axis=0).max() > 0.05
    for world in (first, second):
        world.set_state(state)
        np.testing.assert_array_equal(world.get_state(), state)
        for action, (observation, reward) in zip(actions, taken, strict=True):
            again = world.step(action)
            np.testing.assert_array_equal(again[0], observation)
            assert again[1] == reward


def test_scenes_are_those_of_the_datasets() -> None:
    world = PushingEnv()
    observation, _ = world.reset(seed=7)
    scene = scenes.sample(np.random.default_rng(7).random((1, scenes.NUMBERS)))
    expected = np.concatenate([scene.start, [[0, 0, env.LIFT]], np.zeros((1, 5)), scene.wall, scene.goal], axis=1)
    np.testing.assert_array_equal(observation, expected[0].astype(np.float32))


def test_frames_show_the_state() -> None:
    world = gymnasium.make(NAME, render_mode="rgb_array")
    world.reset(seed=0)
    before = world.render()
    assert (before.shape, before.dtype) == ((64, 64, 3), np.uint8)
    world.step(np.array([1, 1, -1], np.float32))
    assert (world.render() != before).any()
    silent = PushingEnv()
    silent.reset(seed=0)
    assert silent.render() is None


def test_many_at_once() -> None:
    worlds = gymnasium.make_vec("keyin/Pushing-v0", num_envs=3, vectorization_mode="sync")
    observations, _ = worlds.reset(seed=0)
    assert observations.shape == (3, 14)
    assert len(np.unique(observations[:, 0])) == 3
