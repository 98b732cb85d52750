"""AWE: straight pieces are found where they are, and no fewer would do."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peers_pieces import frames_of, path

from keyin_cli.discovery.peer import Demonstration
from keyin_cli.methods.awe import FORCED, Awe, errors, fewest

CORNERS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (1.0, 1.0, 2.0)]
NEVER = np.zeros(31, np.bool_)


def test_corners_end_pieces() -> None:
    wrong = errors(path(CORNERS, [10, 5, 15]), NEVER)
    assert frames_of(fewest(wrong, 0.01)) == [10, 15]
    assert frames_of(fewest(wrong, 10.0)) == []


def test_the_error_of_a_piece() -> None:
    points = np.array([[0, 0, 0], [1, 3, 0], [-2, 0, 0], [4, 0, 0]], np.float32)
    wrong = errors(points, NEVER[:4])
    assert wrong[0, 1] == 0
    assert wrong[0, 3] == 3  # of (1,3); (-2,0) is 2 from where the piece begins, not 0 from its line
    assert wrong[0, 2] == pytest.approx(np.sqrt(10))  # behind the piece's beginning
    assert np.isinf(wrong[np.tril_indices(4)]).all()


def test_a_piece_of_no_length() -> None:
    points = np.array([[0, 0, 0], [0, 2, 0], [0, 0, 0]], np.float32)
    assert errors(points, NEVER[:3])[0, 2] == 2


def test_the_gripper_ends_pieces_until_fewer_are_wanted() -> None:
    straight = path([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)], [20])
    changes = np.zeros(21, np.bool_)
    changes[[7, 12]] = True
    wrong = errors(straight, changes)
    assert frames_of(fewest(wrong, 1.0)) == [7, 12]
    crossing = [wrong[7, 12], wrong[6, 12], wrong[7, 13], wrong[6, 13]]
    assert crossing == pytest.approx([0, FORCED, FORCED, 2 * FORCED], abs=1e-6)
    gripper = np.cumsum(changes).astype(np.float32)[:, None] % 2
    episode = Demonstration(np.zeros((21, 1, 1, 3), np.uint8), straight, 10.0, {"effector": straight, "gripper": gripper})
    peer = Awe([episode], 0)
    evidence = peer.look(episode)
    assert frames_of(peer.select(evidence, peer.usual)) == [7, 12]
    assert [int(peer.select(evidence, peer.setting(evidence, wanted)).sum()) for wanted in (0, 1, 2)] == [0, 1, 2]


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2), min_size=2, max_size=9), st.floats(0.01, 3))
@settings(max_examples=60, deadline=None)
def test_no_fewer_pieces_would_do(points: list[tuple[int, int]], bound: float) -> None:
    wrong = errors(np.array([(*point, 0) for point in points], np.float64), np.zeros(len(points), np.bool_))
    found = frames_of(fewest(wrong, bound))
    whole = [0, *found, len(points) - 1]
    assert all(wrong[i, j] < bound for i, j in pairwise(whole))
    for fewer in range(len(found)):
        for inner in combinations(range(1, len(points) - 1), fewer):
            other = [0, *inner, len(points) - 1]
            assert any(wrong[i, j] >= bound for i, j in pairwise(other))
