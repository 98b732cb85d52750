import mujoco
import numpy as np
import pytest

from keyin_cli.datasets.pushing import env, scenes
from keyin_cli.datasets.pushing.geometry import PUCK_RADIUS, WALL_HALF, clearance
from keyin_cli.datasets.pushing.records import take

SCENES = scenes.sample(np.random.default_rng(0).random((8, scenes.NUMBERS)))
ALL = np.arange(8)


def started(scene: env.Scene, threads: int = 1) -> env.Simulator:
    simulator = env.Simulator(len(scene.wall), threads)
    simulator.reset(scene)
    return simulator


def towards_puck(simulator: env.Simulator) -> np.ndarray:
    """Actions that lower the finger and send it into the puck: contacts are where bits would differ."""
    return np.concatenate([(simulator.puck - simulator.finger[:, :2]) / env.REACH, -np.ones((simulator.n, 1))], axis=1)


def played(simulator: env.Simulator, actions: list[np.ndarray]) -> np.ndarray:
    """States (n,T,S) after each action."""
    states = []
    for action in actions:
        simulator.step(action)
        states.append(simulator.state)
    return np.stack(states, axis=1)


def sample(steps: int = 12) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """States in the middle of pushes, actions that go on pushing, and the states these lead to."""
    simulator, rng = started(SCENES), np.random.default_rng(1)
    for _ in range(4):
        simulator.step(towards_puck(simulator))
    begin, actions, states = simulator.state, [], []
    for _ in range(steps):
        actions.append(towards_puck(simulator) + 0.3 * rng.normal(size=(8, 3)))
        simulator.step(actions[-1])
        states.append(simulator.state)
    return begin, actions, np.stack(states, axis=1)


BEGIN, ACTIONS, STATES = sample()


def test_pushes_push() -> None:
    moved = np.linalg.norm(STATES[:, -1, 1:3] - BEGIN[:, 1:3], axis=1)
    assert (moved > 0.05).all()


def test_a_state_put_back_repeats_the_same_bits() -> None:
    simulator = started(SCENES)
    played(simulator, ACTIONS)  # warm starts and controls of another past must not show
    simulator.state = BEGIN
    np.testing.assert_array_equal(played(simulator, ACTIONS), STATES)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_state_is_the_same_in_another_simulator_and_row(threads: int) -> None:
    rows = np.array([5, 2, 7, 2, 0, 1, 4, 6, 3, 3, 5])
    simulator = started(take(SCENES, np.zeros(11, dtype=np.int64)), threads)
    simulator.state = BEGIN[rows]
    np.testing.assert_array_equal(played(simulator, [action[rows] for action in ACTIONS]), STATES[rows])
    np.testing.assert_array_equal(simulator.wall, SCENES.wall[rows])


@pytest.mark.parametrize("threads", [1, 2, 0])
def test_a_batch_equals_one_at_a_time(threads: int) -> None:
    together = started(SCENES, threads)
    together.state = BEGIN
    np.testing.assert_array_equal(played(together, ACTIONS), STATES)
    alone = started(take(SCENES, ALL[3:4]))
    alone.state = BEGIN[3:4]
    np.testing.assert_array_equal(played(alone, [action[3:4] for action in ACTIONS])[0], STATES[3])


def test_a_copy_of_the_state_is_no_view() -> None:
    simulator = started(SCENES)
    before = simulator.state
    simulator.step(np.ones((8, 3)))
    assert (before != simulator.state).any()


def test_equals_a_plain_mujoco_loop() -> None:
    model = mujoco.MjModel.from_xml_path(str(env.MODEL))
    kind = mujoco.mjtState.mjSTATE_INTEGRATION
    for row in range(2):
        data = mujoco.MjData(model)
        mujoco.mj_setState(model, data, BEGIN[row], kind)
        for step, action in enumerate(ACTIONS):
            wanted = np.clip(action[row], -1, 1)
            data.ctrl[:2] = np.clip(data.qpos[2:4] + env.REACH * wanted[:2], -env.TABLE, env.TABLE)
            data.ctrl[2] = env.LIFT * max(wanted[2], 0)
            for _ in range(env.SUBSTEPS):
                mujoco.mj_step(model, data)
            state = np.empty(mujoco.mj_stateSize(model, kind))
            mujoco.mj_getState(model, data, state, kind)
            np.testing.assert_array_equal(state, STATES[row, step])


def test_some_copies_step_while_others_stand_still() -> None:
    simulator, some = started(SCENES), np.array([1, 4, 6])
    simulator.state = BEGIN
    for action in ACTIONS:
        simulator.step(action[some], some)
    np.testing.assert_array_equal(simulator.state[some], STATES[some, -1])
    others = np.setdiff1d(ALL, some)
    np.testing.assert_array_equal(simulator.state[others], BEGIN[others])


def test_reset_is_at_rest_with_the_finger_raised_at_the_centre() -> None:
    simulator = started(SCENES)
    for _ in range(2):
        np.testing.assert_array_equal(simulator.puck, SCENES.start)
        np.testing.assert_array_equal(simulator.wall, SCENES.wall)
        np.testing.assert_array_equal(simulator.finger, np.tile([0, 0, env.LIFT], (8, 1)))
        np.testing.assert_array_equal(simulator.motion[:, 5:], 0)
        played(simulator, ACTIONS)
        simulator.reset(SCENES)
    simulator.step(np.array([[0, 0, 1]] * 8))
    np.testing.assert_allclose(simulator.puck, SCENES.start, atol=1e-12)
    np.testing.assert_allclose(simulator.finger, np.tile([0, 0, env.LIFT], (8, 1)), atol=1e-12)


def test_actions_out_of_range_equal_clipped_ones() -> None:
    wild = [action * 50 for action in ACTIONS]
    first, second = started(SCENES), started(SCENES)
    np.testing.assert_array_equal(played(first, wild), played(second, [np.clip(action, -1, 1) for action in wild]))


def test_the_finger_goes_where_it_is_sent_and_stays_on_the_table() -> None:
    simulator = started(SCENES)
    for _ in range(3):
        before = simulator.finger.copy()
        simulator.step(np.tile([1, -0.5, 1], (8, 1)))
        np.testing.assert_allclose(simulator.finger[:, :2] - before[:, :2], np.tile([0.2, -0.1], (8, 1)), rtol=0.25)
    for _ in range(10):
        simulator.step(np.tile([1, -1, 1], (8, 1)))
    np.testing.assert_allclose(simulator.finger, np.tile([env.TABLE, -env.TABLE, env.LIFT], (8, 1)), atol=0.01)


def test_lift_below_zero_is_lowered() -> None:
    states = []
    for lift in (0.0, -0.4, -1.0):
        simulator = started(SCENES)
        states.append(played(simulator, [np.tile([0, 0.2, lift], (8, 1))] * 4))
    np.testing.assert_array_equal(states[0], states[1])
    np.testing.assert_array_equal(states[0], states[2])


@pytest.mark.parametrize(("lift", "moves"), [(1.0, False), (-1.0, True)])
def test_a_raised_finger_passes_over_the_puck(lift: float, moves: bool) -> None:
    start = np.array([[0.4, -0.5]])
    simulator = started(env.Scene(np.zeros((1, 2)), start, -start))
    for _ in range(8):
        direction = 1.5 * start / np.linalg.norm(start) - simulator.finger[:, :2]
        simulator.step(np.concatenate([direction, [[lift]]], axis=1))
    assert np.linalg.norm(simulator.finger[0, :2]) > np.linalg.norm(start) + 0.1  # it is beyond where the puck was
    moved = np.linalg.norm(simulator.puck - start)
    assert moved > 0.1 if moves else moved == 0


def test_the_puck_stops_when_the_pushing_does() -> None:
    simulator = started(SCENES)
    simulator.state = BEGIN
    simulator.step(ACTIONS[0])
    inside = (np.abs(simulator.puck) < 0.85).all(axis=1)  # the table's border springs back
    assert np.linalg.norm(simulator.motion[inside, 5:7], axis=1).max() > 0.1
    for _ in range(2):
        before = simulator.puck.copy()
        simulator.step(np.tile([0, 0, 1], (8, 1)))
    assert np.linalg.norm(simulator.puck - before, axis=1)[inside].max() < 1e-3


def squeezed(n: int, violent: bool) -> tuple[float, float, int]:
    """The puck under thousands of random actions; violent ones drive the lowered finger straight through it, most of the time.

    Returns:
        How far from the table's centre it came along x or y, its smallest clearance from the wall, and how often its centre
        crossed the wall's centre line within one action.
    """
    rng, simulator = np.random.default_rng(2), env.Simulator(n)
    furthest, nearest, crossings = 0.0, np.inf, 0
    for step in range(300):
        if step % 60 == 0:
            simulator.reset(scenes.sample(rng.random((n, scenes.NUMBERS))))
        action, before = rng.uniform(-1, 1, (n, env.ACTION_SIZE)), simulator.puck - simulator.wall
        if violent:
            ahead = simulator.puck - simulator.finger[:, :2]
            ahead = np.concatenate([ahead / np.linalg.norm(ahead, axis=1, keepdims=True), -np.ones((n, 1))], axis=1)
            action = np.where(rng.random((n, 1)) < 0.2, action, ahead)
        simulator.step(action)
        after = simulator.puck - simulator.wall
        sides = np.flatnonzero(before[:, 1] * after[:, 1] < 0)
        share = before[sides, 1] / (before - after)[sides, 1]
        crossings += np.sum(np.abs(before[sides, 0] + share * (after - before)[sides, 0]) < WALL_HALF[0])
        furthest = max(furthest, np.abs(simulator.puck).max())
        nearest = min(nearest, clearance(simulator.puck, simulator.wall).min())
    return furthest, nearest, crossings


def test_random_actions_leave_the_puck_on_the_table_and_out_of_the_wall() -> None:
    furthest, nearest, crossings = squeezed(n=64, violent=False)
    assert 0.6 < furthest <= env.TABLE
    assert -PUCK_RADIUS < nearest < 0  # contacts are soft, yet its centre stays outside
    assert crossings == 0


def test_violent_pushes_leave_the_puck_on_the_table_and_out_of_the_wall() -> None:
    furthest, nearest, crossings = squeezed(n=64, violent=True)
    assert furthest <= env.TABLE
    assert nearest > -PUCK_RADIUS / 2
    assert crossings == 0
