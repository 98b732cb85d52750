from dataclasses import fields

import numpy as np
import pytest

from keyin_cli.datasets.pushing import demonstrator, env, scenes, sequences
from keyin_cli.datasets.pushing.geometry import clearance, shortest_path
from keyin_cli.datasets.pushing.records import take
from keyin_cli.datasets.pushing.section import PushingData
from keyin_cli.datasets.rng import Purpose
from keyin_cli.errors import InputError

DATA = PushingData(n=400)
DEMOS = sequences.demonstrate(DATA, np.arange(400))
PUCKS = DEMOS.states[..., :2].astype(np.float64)
STEPS = np.linalg.norm(np.diff(PUCKS, axis=1), axis=-1)


def assert_equal(first: sequences.Demonstrations, second: sequences.Demonstrations) -> None:
    for name in (field.name for field in fields(first) if field.name != "scene"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    for name in ("wall", "start", "goal"):
        np.testing.assert_array_equal(getattr(first.scene, name), getattr(second.scene, name))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_sequence_depends_on_seed_and_index_alone(threads: int) -> None:
    some = np.concatenate([[321, 7], np.flatnonzero(DEMOS.attempts > 1)[:2], [8]])
    assert_equal(sequences.demonstrate(DATA, some, threads=threads), take(DEMOS, some))
    assert_equal(sequences.demonstrate(DATA, some[3:4]), take(DEMOS, some[3:4]))
    other = sequences.demonstrate(DATA.model_copy(update={"seed": 1}), np.arange(3))
    assert not (other.scene.wall == DEMOS.scene.wall[:3]).any()


def test_tasks_for_planning_are_no_scenes_of_a_dataset() -> None:
    walls = [sequences.demonstrate(DATA, np.arange(20), purpose).scene.wall for purpose in (0, 1, 2)]
    assert len(np.unique(np.concatenate(walls), axis=0)) == 60


def test_demonstrations_of_one_scene() -> None:
    like = take(DEMOS.scene, np.array([5]))
    demos = sequences.demonstrate(DATA, np.arange(20), Purpose.FIGURES, like=like)
    assert (demos.scene.wall == like.wall).all()
    assert (demos.states[:, 0] == DEMOS.states[5, 0]).all()
    assert len(np.unique(demos.scene.goal, axis=0)) == 20


def test_the_rule_succeeds_in_most_of_its_attempts() -> None:
    rng = np.random.default_rng(0)
    scene = scenes.sample(rng.random((300, scenes.NUMBERS)))
    route = demonstrator.plan(scene, rng.random((300, demonstrator.numbers(DATA.pushes))), DATA.pushes, DATA.push_frames, 30)
    possible = np.flatnonzero(route.feasible)
    states, _ = sequences.perform(take(scene, possible), take(route, possible), DATA.frames)
    reached = np.linalg.norm(states[:, -1, :2] - scene.goal[possible], axis=1) <= sequences.REACHED
    assert reached.sum() / 300 >= 0.7
    assert np.mean(DEMOS.attempts == 1) >= 0.7


def test_the_puck_goes_from_start_to_goal_and_never_overlaps_the_wall() -> None:
    np.testing.assert_allclose(PUCKS[:, 0], DEMOS.scene.start, atol=1e-6)
    assert np.linalg.norm(PUCKS[:, -1] - DEMOS.scene.goal, axis=1).max() <= sequences.REACHED + 1e-6
    assert clearance(PUCKS, DEMOS.scene.wall[:, None]).min() > -0.01
    assert np.abs(PUCKS).max() < 0.9


def test_the_puck_passes_near_each_subgoal_when_its_push_ends() -> None:
    there = np.take_along_axis(PUCKS, DEMOS.ends[..., None], 1)
    assert np.linalg.norm(there - DEMOS.subgoals, axis=-1).max() < 0.1


def test_the_puck_stops_after_each_label() -> None:
    sequence, push = np.nonzero(DEMOS.ends < DATA.frames - 1)
    end = DEMOS.ends[sequence, push]
    before, after = STEPS[sequence, end - 1], STEPS[sequence, end]
    assert before.min() > 0.02
    assert (after <= before / 2).all()


def test_between_the_labels_the_puck_is_pushed_once() -> None:
    """It stands while the arm comes, then moves until the push ends: no label is missing."""
    moving = STEPS > 0.01
    begins = (moving[:, 1:] & ~moving[:, :-1]).sum(axis=1) + moving[:, 0]
    assert np.mean(begins == DATA.pushes) > 0.95
    assert (np.abs(begins - DATA.pushes) <= 1).all()


def test_the_way_to_the_goal_is_about_as_long_as_the_papers() -> None:
    assert 1.2 <= shortest_path(DEMOS.scene.start, DEMOS.scene.goal, DEMOS.scene.wall).mean() <= 1.45


def test_splits_have_their_shares() -> None:
    many = sequences.splits(DATA.split, np.random.default_rng(0).random(4000))
    np.testing.assert_allclose(np.bincount(many) / 4000, (0.9, 0.05, 0.05), atol=0.02)
    np.testing.assert_allclose(np.bincount(DEMOS.split, minlength=3) / 400, (0.9, 0.05, 0.05), atol=0.05)


def test_saved_frames_and_actions_are_of_pairs_of_steps() -> None:
    """Against a loop over one demonstration."""
    rng = np.random.default_rng(3)
    scene = scenes.sample(rng.random((1, scenes.NUMBERS)))
    route = demonstrator.plan(scene, rng.random((1, demonstrator.numbers(6))), 6, (4, 6), 30)
    states, means = sequences.perform(scene, route, 31)
    simulator = env.Simulator(1, threads=1)
    simulator.reset(scene)
    np.testing.assert_array_equal(states[:, 0], simulator.motion)
    for frame in range(30):
        pair = []
        for step in (2 * frame, 2 * frame + 1):
            pair.append(demonstrator.action(route, step, simulator.puck, simulator.finger))
            simulator.step(pair[-1])
        np.testing.assert_array_equal(states[:, frame + 1], simulator.motion)
        np.testing.assert_allclose(means[:, frame], (pair[0] + pair[1]) / 2, atol=1e-6)


def test_pushes_that_cannot_reach_are_refused() -> None:
    impossible = PushingData(n=3, pushes=1, push_frames=(4, 4), frames=5)
    with pytest.raises(InputError, match="missed its goal in 50 attempts: give pushes more frames, or give more pushes"):
        sequences.demonstrate(impossible, np.arange(3))


def test_every_array_of_the_dataset() -> None:
    some = np.array([3, 11])
    made = sequences.arrays(DATA.model_copy(update={"size": 32}), some)
    assert {name: (array.shape, str(array.dtype)) for name, array in made.items()} == {
        "frames": ((2, 31, 32, 32, 3), "uint8"),
        "keyframes": ((2, 31), "bool"),
        "split": ((2,), "uint8"),
        "states": ((2, 31, 10), "float32"),
        "actions": ((2, 30, 3), "float32"),
        "wall": ((2, 2), "float32"),
        "goal": ((2, 2), "float32"),
        "goal_image": ((2, 32, 32, 3), "uint8"),
        "subgoals": ((2, 6, 2), "float32"),
        "attempts": ((2,), "uint8"),
    }
    np.testing.assert_array_equal(made["states"], DEMOS.states[some])
    for row, index in enumerate(some):
        assert np.flatnonzero(made["keyframes"][row]).tolist() == DEMOS.ends[index].tolist()
