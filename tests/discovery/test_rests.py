"""Rests: which frame is the last, how deep they are, and what is motion of images and of signals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyin_cli.discovery import rests

GOES = [1.0, 1, 1, 0, 0, 0, 1, 1, 1]  # from each of ten frames to the next: 3, 4 and 5 look like the frame after them


def test_the_last_frame_after_which_nothing_moves_yet() -> None:
    assert np.flatnonzero(rests.rests(np.array(GOES))).tolist() == [5]
    moved = rests.image_changes(np.repeat(np.cumsum([0, *GOES]), 4).reshape(-1, 2, 2, 1).astype(np.uint8) * 20)
    np.testing.assert_allclose(moved, 20 * np.array(GOES))
    assert np.flatnonzero(rests.rests(moved)).tolist() == [5]


def test_a_rest_ends_where_motion_is_a_quarter_of_its_depth() -> None:
    slowly = np.array([1.0, 1, 1, 0.0, 0.03, 0.2, 1, 1, 1])  # roots: 0.17 and 0.45 of the depth
    assert np.flatnonzero(rests.rests(slowly)).tolist() == [4]


@pytest.mark.parametrize("changes", [[], [0.0], [3.0], [0.0] * 5, [2.0] * 5, [1.0, 2, 3], [3.0, 2, 1]])
def test_what_never_stops_has_no_rest_and_neither_have_the_ends(changes: list[float]) -> None:
    found = rests.rests(np.array(changes))
    assert found.tolist() == [0] * (len(changes) + 1)


def test_depth_does_not_depend_on_the_size_of_motion_and_flicker_is_shallow() -> None:
    changes = np.array(GOES * 3)
    np.testing.assert_allclose(rests.rests(7 * changes), rests.rests(changes))
    assert (rests.rests(changes)[[5, 14, 23]] > rests.DEPTH).all()
    flicker = 10 + np.random.default_rng(0).uniform(-0.5, 0.5, 200)
    assert rests.rests(flicker).max() < rests.DEPTH


def test_depths_are_climbs_to_what_is_lower() -> None:
    values = np.array([5.0, 1, 4, 2, 2, 3, 0, 9])
    assert rests.depths(values).tolist() == [0, 3, 0, 1, 0, 0, 5, 0]
    assert rests.depths(np.array([5.0, 1, 3, 0, 0, 0])).tolist() == [0, 2, 0, 0, 0, 0]  # the rest at the end never ends


@given(st.lists(st.integers(-4, 4), min_size=3, max_size=20))
@settings(deadline=None)
def test_depths_are_those_of_scipy(values: list[int]) -> None:
    signal = pytest.importorskip("scipy.signal")
    array = np.array(values, np.float64)
    _, about = signal.find_peaks(-array, prominence=0, plateau_size=0)
    expected = np.zeros(len(array))
    expected[about["left_edges"]] = about["prominences"]
    np.testing.assert_array_equal(rests.depths(array), expected)


def test_small_blocks_are_averaged() -> None:
    still = np.zeros((2, 64, 64, 3), np.uint8)
    still[0, ::2, ::2], still[1, 1::2, 1::2] = 200, 200  # the same in every block of 2 x 2
    assert rests.image_changes(still).tolist() == [0]
    still[1, :2, :2] = 250
    assert rests.image_changes(still)[0] > 0


def test_signals_that_jump_count_as_those_that_move() -> None:
    slow, jumps = np.arange(8) / 100, np.array([0.0, 0, 0, 0, 1, 1, 1, 1])
    both = np.stack([slow, jumps, np.full(8, 3.0)], axis=1)
    usual = rests.usual_changes(np.diff(both, axis=0))
    np.testing.assert_allclose(usual, [0.01, 7**-0.5, 0])
    np.testing.assert_allclose(rests.signal_changes(both, usual), [0.5] * 3 + [0.5 + 7**0.5 / 2] + [0.5] * 3)
    assert rests.signal_changes(both, np.zeros(3)).tolist() == [0] * 7


@pytest.mark.parametrize("count", [1, 2, rests.PIECE, rests.PIECE + 1, 2 * rests.PIECE + 7])
def test_pieces_are_as_good_as_the_whole(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 255, (count, 4, 4, 1)).astype(np.uint8)
    found = rests.in_pieces(lambda begin, end: values[begin:end], count, rests.image_changes)
    np.testing.assert_array_equal(found, rests.image_changes(values))
