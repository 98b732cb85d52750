"""studies/cloning.py: what is told and predicted, at the steps where it changes; the controller; scores."""

import importlib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

SPAN = np.array([0.05, 0.05, 0.05, 0.3, 1.0])


def module(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module(name)


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module(monkeypatch, "cloning_policy")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module(monkeypatch, "cloning_world")


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module(monkeypatch, "cloning_rows")


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module(monkeypatch, "cloning_scores")


def test_a_keyframe_is_never_its_own_waypoint(policy: ModuleType) -> None:
    assert policy.next_waypoints([2, 5], 7).tolist() == [2, 2, 5, 5, 5, 7, 7]
    assert policy.next_waypoints([], 3).tolist() == [3, 3, 3]
    assert policy.next_waypoints(np.arange(1, 4), 4).tolist() == [1, 2, 3, 4]


def test_the_next_button_is_told_when_the_one_before_is_seen_pressed(world: ModuleType) -> None:
    told = world.told_buttons([4, 7, 1], [2, None, 8], [4, 6, 10])
    assert told.tolist() == [4, 4, 7, 7, 7, 7, 1, 1, world.NONE, world.NONE]  # the second is never pressed


def test_what_is_seen_says_whether_a_button_is_told(world: ModuleType) -> None:
    tops = np.arange(27, dtype=float).reshape(9, 3) + 1
    seen = world.observed(np.zeros((2, 19)), np.ones((2, 9)), np.array([3, world.NONE]), tops)
    assert seen.shape == (2, 31)
    assert seen[:, -3:].tolist() == [[10, 11, 1], [0, 0, 0]]


def test_chunks_end_with_what_was_last(policy: ModuleType) -> None:
    values = np.arange(6).reshape(3, 2)
    assert policy.chunks(values, 2).tolist() == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 4, 5]]
    assert policy.chunks(values, 1).tolist() == values.tolist()


def pose(*place: float, yaw: float = 0.0, opening: float = 0.0) -> np.ndarray:
    return np.array([*place, np.cos(yaw), np.sin(yaw), opening])


def test_the_controller_goes_straight_and_no_farther_than_it_may(policy: ModuleType) -> None:
    action = policy.towards(pose(0, 0, 0), pose(0.3, 0.4, 0), 0.05, SPAN)
    np.testing.assert_allclose(action, [0.6, 0.8, 0, 0, 0], atol=1e-12)
    near = policy.towards(pose(0, 0, 0), pose(0.01, 0, -0.02), 0.05, SPAN)
    np.testing.assert_allclose(near, [0.2, 0, -0.4, 0, 0], atol=1e-12)
    np.testing.assert_array_equal(policy.towards(pose(1, 2, 3), pose(1, 2, 3), 0.05, SPAN), np.zeros(5))


def test_the_controller_turns_the_shorter_way(policy: ModuleType) -> None:
    action = policy.towards(pose(0, 0, 0, yaw=3.1), pose(0, 0, 0, yaw=-3.1, opening=0.5), 0.05, SPAN)
    np.testing.assert_allclose(action[3:], [(2 * np.pi - 6.2) / 0.3, 0.5])


def test_a_command_and_the_controller_undo_each_other(policy: ModuleType) -> None:
    states = np.zeros((1, 19))
    states[0, 12:18] = pose(0.4, 0.1, 0.2, yaw=3.0, opening=0.3)
    action = np.array([[0.3, -0.5, 0.1, 0.9, 0.2]])
    command = policy.commands(states, action, SPAN)[0]
    np.testing.assert_allclose(policy.towards(policy.poses(states)[0], command, 1.0, SPAN), action[0], atol=1e-5)


def test_the_controller_arrives(policy: ModuleType) -> None:
    at, goal = pose(0.3, -0.2, 0.25), pose(0.5, 0.1, 0.12)
    for _ in range(40):  # a hand that gets half of the way that it is told
        at[:3] += 0.5 * SPAN[:3] * policy.towards(at, goal, 0.05, SPAN)[:3]
    np.testing.assert_allclose(at[:3], goal[:3], atol=1e-3)


def test_learning_is_a_function_of_the_seed(policy: ModuleType) -> None:
    seen = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    wanted = seen[:, :2] * 3 + 1
    first, again, other = (policy.learn((seen, wanted), (seen, wanted), 120, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.network(seen), again.network(seen))
    assert (first.network(seen) != other.network(seen)).any()
    assert first.loss < 0.2  # of 0.8 for the mean
    assert np.abs(first.network(seen) - wanted).mean() == pytest.approx(first.loss * wanted.std(0).mean(), rel=0.05)


def test_a_chunk_is_done_before_the_policy_looks_again(policy: ModuleType) -> None:
    looks: list[int] = []

    def seen(info: dict[str, Any], told: int) -> np.ndarray:
        looks.append(told)
        return np.zeros(1)

    act = policy.acting(SimpleNamespace(seen=seen), lambda _: np.array([0.1, 0.2, 3.0, 0.4]), 2)
    assert [act({}, told).tolist() for told in (1, 2, 3)] == [[0.1, 0.2], [1.0, 0.4], [0.1, 0.2]]
    assert looks == [1, 3]


def test_keyframes_of_rows_lie_inside_their_episode(rows: ModuleType, world: ModuleType) -> None:
    states = np.zeros((21, 19), np.float32)
    one = world.Recording(states, np.zeros((21, 9)), np.zeros((21, 5)), np.zeros(21, np.int64), [3, 7], [2, 5])
    data = rows.Data([one, one], 0.05)
    assert one.frames == 11
    assert rows.last(one) == 20
    assert rows.keyframes(data, "events")[0].tolist() == [6, 14]
    assert rows.keyframes(data, "plan")[0].tolist() == [4, 10]
    assert rows.keyframes(data, "uniform")[0].tolist() == [6, 14]
    assert rows.keyframes(data, "every-5")[0].tolist() == [5, 10, 15]
    random = rows.keyframes(data, "random", 3)
    assert [len(each) for each in random] == [2, 2]
    assert random[0].tolist() == rows.keyframes(data, "random", 3)[0].tolist()


def test_tasks_do_not_press_a_button_twice_in_a_row(world: ModuleType) -> None:
    made = world.tasks(50, 4, 0)
    assert made[:10] == world.tasks(10, 4, 0)
    assert made != world.tasks(50, 4, 1)
    assert all(0 <= button < 9 for task in made for button in task.buttons)
    assert all(before != after for task in made for before, after in zip(task.buttons, task.buttons[1:], strict=False))


def run(*pressed: tuple[bool, ...], wrong: int = 0) -> dict[str, Any]:
    return {"pressed": pressed, "steps": [[10 * each for each in one] for one in pressed], "wrong": [wrong] * len(pressed)}


def test_scores_are_shares_of_buttons_and_tasks(scores: ModuleType, tmp_path: Path) -> None:
    ours, base = run((True, True), (True, False), wrong=1), run((True, False), (False, False))
    found = {"expert": [{"1": ours}], "action": [{"1": base, "8": base}] * 3, "events": [{"1": ours, "8": ours}] * 3}
    expert, action, events = scores.scores(found, {"events": [[1, 2], [3]]})
    told = events["ahead"]["1"]
    assert (told["presses"]["mean"], told["whole"]["mean"], told["clean"]["mean"]) == (0.75, 0.5, 0)
    assert told["presses"]["better"]["mean"] == 0.5
    assert told["seconds_per_press"] == 0.5
    assert events["keyframes"] == 1.5
    assert "better" not in action["ahead"]["1"]["presses"]
    assert "better" not in expert["ahead"]["1"]["presses"]  # of one seed
    scores.draw(tmp_path / "shown.png", [expert, action, events])
    assert Image.open(tmp_path / "shown.png").width > 500
    assert "| events | 1.5 | 8 | 0.750 [" in scores.table([expert, action, events])


@pytest.mark.parametrize("given", [["--episodes", "9"], ["--tasks", "0"], ["--seed", "-1"], ["--target", "state"]])
def test_options_that_are_no_study_are_refused(given: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    study = module(monkeypatch, "cloning")
    monkeypatch.setattr("sys.argv", ["cloning.py", "--out", str(tmp_path / "out"), *given])
    with pytest.raises(SystemExit, match="2"):
        study.main()
    assert not (tmp_path / "out").exists()


def test_demonstrations_are_those_of_the_dataset(world: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ogbench")  # the extra `benchmark`
    from keyin_cli.datasets.ogbench import puzzle

    monkeypatch.setattr(puzzle, "PRESSES", (2, 2))
    puzzles = world.World()
    one, drawn = world.demonstrate(puzzles, 5, 4), puzzle.demonstrate(5, 4, 16)
    np.testing.assert_array_equal(one.states[::2], drawn.states)
    np.testing.assert_array_equal(one.actions[::2], drawn.actions)
    assert one.events == [event.frame for event in drawn.scored()]
    changes = np.flatnonzero(np.diff(one.told)) + 1
    assert (-(-changes // 2)).tolist() == one.events  # told from the step on that shows the press
    assert one.told[-1] == world.NONE


def test_the_controller_presses_buttons_where_it_is_given_the_expert_s_waypoints(
    world: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ogbench")
    oracles = module(monkeypatch, "cloning_oracles")
    puzzles = world.World()
    outcome = world.perform(puzzles, oracles.waypoints(puzzles, 0.475, 0.05), world.Task(1, (0, 5)))
    assert outcome.pressed == (True, True)
    assert outcome.wrong == 0
    monkeypatch.setattr(world, "LIMIT", 3)
    still = world.perform(puzzles, lambda info, told: np.zeros(5), world.Task(1, (0, 5)))
    assert (still.pressed, still.steps) == ((False, False), (3, 0))
