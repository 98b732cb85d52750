"""The rules: who chooses the shift, what is scored, what chance is, what methods see."""

import numpy as np
import pytest

from keyin_cli.discovery.benchmark import protocol
from keyin_cli.discovery.benchmark.sight import visible
from keyin_cli.discovery.peer import Demonstration
from keyin_cli.model.search import shifted

LENGTHS = np.array([30, 25, 20, 30, 22, 28, 30, 24])
TRUE = np.zeros((8, 30), bool)
for row, (length, at) in enumerate(zip(LENGTHS, np.random.default_rng(0).integers(3, 17, (8, 4)), strict=True)):
    TRUE[row, at[at < length - 3]] = True


def test_every_sixth_episode_chooses() -> None:
    assert np.flatnonzero(protocol.choosing(14)).tolist() == [0, 6, 12]
    assert np.flatnonzero(~protocol.choosing(2)).tolist() == [1]


def test_first_and_last_frames_are_not_scored() -> None:
    everywhere = np.ones((8, 30), bool)
    kept = protocol.scored(everywhere, LENGTHS)
    assert kept.sum(1).tolist() == (LENGTHS - 2).tolist()
    assert not kept[:, 0].any()
    assert not kept[np.arange(8), LENGTHS - 1].any()
    assert kept[np.arange(8), LENGTHS - 2].all()
    assert everywhere.all()  # left alone


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_the_shift_is_that_of_the_choosing_episodes(late: int) -> None:
    (moved,), shift = protocol.aligned([shifted(TRUE, late)], TRUE, LENGTHS)
    assert shift == -late
    assert np.array_equal(moved, TRUE)


def test_labels_of_scored_episodes_choose_nothing() -> None:
    detected = shifted(TRUE, 1)
    others = TRUE.copy()
    others[~protocol.choosing(8)] = shifted(detected, 1)[~protocol.choosing(8)]  # as if they were late by one more
    assert protocol.aligned([detected], others, LENGTHS)[1] == -1


def test_several_sets_are_moved_by_one_shift() -> None:
    sets, shift = protocol.aligned([shifted(TRUE, 1), shifted(TRUE, 1), TRUE], TRUE, LENGTHS)
    assert shift == -1
    assert np.array_equal(sets[0], TRUE)
    assert np.array_equal(sets[2], protocol.scored(shifted(TRUE, -1), LENGTHS))


def test_chance_has_the_true_number_where_it_can_be_scored() -> None:
    counts = TRUE.sum(1)
    for made in (protocol.uniform(counts, LENGTHS), protocol.random(counts, LENGTHS, np.random.default_rng(0))):
        assert made.sum(1).tolist() == counts.tolist()
        assert np.array_equal(protocol.scored(made, LENGTHS), made)
    full = protocol.random(LENGTHS - 2, LENGTHS, np.random.default_rng(0))  # everywhere that can be
    assert np.array_equal(full, protocol.scored(np.ones((8, 30), bool), LENGTHS))
    assert np.array_equal(protocol.uniform(LENGTHS - 2, LENGTHS), full)
    assert protocol.uniform(np.array([1]), np.array([21]))[0].nonzero()[0].tolist() == [10]


def whole() -> Demonstration:
    roles = {"gripper": np.zeros((9, 1), np.float32), "actions": np.ones((9, 2), np.float32)}
    return Demonstration(np.ones((9, 4, 4, 3), np.uint8), np.ones((9, 5), np.float32), 10.0, roles)


def test_methods_see_their_part_alone() -> None:
    pixels, signals = (visible(part, whole()).shown for part in ("pixels", "signals"))
    assert (pixels.frames.shape, pixels.signals.shape, set(pixels.roles)) == ((9, 4, 4, 3), (9, 0), {"actions"})
    assert (signals.frames.size, signals.signals.shape, set(signals.roles)) == (0, (9, 5), {"gripper", "actions"})
    assert len(pixels) == len(signals) == 9
    assert whole().signals.all()


def test_who_looks_at_actions_is_known() -> None:
    sight = visible("signals", whole())
    assert "actions" in sight.shown.roles
    assert sight.shown.roles["gripper"].shape == (9, 1)
    assert not sight.watched.actions
    assert sight.shown.roles.get("effector") is None
    assert sight.shown.roles["actions"].shape == (9, 2)
    assert sight.watched.actions
