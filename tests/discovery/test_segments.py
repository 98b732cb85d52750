"""Scores of segments, on sequences small enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyin_cli.discovery import segments


def times(*rows: list[int], length: int = 20) -> np.ndarray:
    return np.array([np.isin(np.arange(length), row) for row in rows])


def lengths(*each: int) -> np.ndarray:
    return np.array(each, np.int64)


def test_segments_end_with_keyframes() -> None:
    assert segments.bounds(times([3, 7])[0], 10).tolist() == [[0, 4], [4, 8], [8, 10]]
    assert segments.bounds(times([])[0], 10).tolist() == [[0, 10]]
    assert segments.bounds(times([0, 8, 9, 12])[0], 10).tolist() == [[0, 9], [9, 10]]  # neither the first nor the last cut
    assert segments.bounds(times([0])[0], 1).tolist() == [[0, 1]]
    assert segments.bounds(times([0, 1])[0], 2).tolist() == [[0, 2]]


def test_tolerance_is_a_share_of_the_length() -> None:
    found, true = times([6, 12], [6, 12, 18]), times([8, 13], [8, 13, 18])
    assert segments.counts_within(found, true, lengths(20, 19)).tolist() == [[1, 2, 2], [0, 2, 2]]  # one frame, then none
    assert segments.counts_within(found, true, lengths(20, 20), share=0.1).tolist() == [[2, 2, 2], [3, 3, 3]]
    edges = times([0, 19, 5])
    assert segments.counts_within(edges, edges, lengths(20)).tolist() == [[1, 1, 1]]


def test_overlap() -> None:
    true, found = times([9]), times([4, 9, 14])  # two segments of 10, four of 5
    assert segments.overlaps(segments.bounds(found[0], 20), segments.bounds(true[0], 20)).tolist() == [
        [0.5, 0],
        [0.5, 0],
        [0, 0.5],
        [0, 0.5],
    ]
    for overlap, matched in ((0.5, 2), (0.51, 0)):
        assert segments.counts_overlapping(found, true, lengths(20), overlap).tolist() == [[matched, 4, 2]]
    assert segments.counts_overlapping(true, true, lengths(20), 1.0).tolist() == [[2, 2, 2]]
    assert segments.counts_overlapping(times([]), true, lengths(20), 0.5).tolist() == [[1, 1, 2]]


def test_edit_score() -> None:
    true = times([4, 9, 14])
    rows = ([4, 9, 14], [5, 8, 14], [9], [], [4, 6, 9, 14])
    scores = [float(segments.edit_scores(times(row), true, lengths(20))[0]) for row in rows]
    assert scores == pytest.approx([1, 1, 0.5, 0.25, 0.8])  # as it is, moved, two missing, all missing, one too many


@pytest.mark.parametrize(
    ("one", "other", "distance"), [([], [], 0), ([1, 2, 3], [1, 3], 1), ([1, 1], [2, 1, 3], 2), ([], [5], 1)]
)
def test_levenshtein(one: list[int], other: list[int], distance: int) -> None:
    assert segments.levenshtein(np.array(one), np.array(other)) == distance
    assert segments.levenshtein(np.array(other), np.array(one)) == distance


@given(st.integers(1, 20), st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19)))
@settings(deadline=None)
def test_what_always_holds(length: int, one: set[int], other: set[int]) -> None:
    found, true, n = times(list(one)), times(list(other)), lengths(length)
    bounds = segments.bounds(found[0], length)
    assert bounds[0, 0] == 0
    assert bounds[-1, 1] == length
    assert (np.diff(bounds, axis=1) > 0).all()
    assert len(bounds) == 1 + segments.inner(found, n).sum()
    before = np.inf
    for overlap in (0.1, 0.25, 0.5):
        matched, mine, theirs = segments.counts_overlapping(found, true, n, overlap)[0]
        assert matched <= min(mine, theirs, before)
        before = matched
    assert 0 <= segments.edit_scores(found, true, n)[0] <= 1
    assert segments.edit_scores(found, found, n)[0] == 1
    assert segments.counts_overlapping(found, found, n, 1.0)[0].tolist() == [len(bounds)] * 3
