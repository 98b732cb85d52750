"""What methods are asked about an episode: the true number, their own, and those of reconstruction."""

from typing import Any

import numpy as np
import pytest

from keyin_cli.errors import InputError
from keyin_cli.methods import answers
from keyin_cli.methods.answers import answer


class Spaced:
    """Keyframes from frame 1 on, as many as it is told."""

    usual, own = 2.0, True

    def __init__(self, refused: tuple[int, ...] = ()) -> None:
        self.refused = refused

    def setting(self, evidence: Any, wanted: int) -> float:
        if wanted in self.refused:
            raise InputError("not that many")
        return float(wanted)

    def select(self, evidence: Any, setting: float) -> Any:
        return np.arange(len(evidence)) < 1 + setting  # the first frame, too, which is none


def ask(asked: Any, length: int, count: int = 3, counts: tuple[int, ...] = (1, 16)) -> answers.Answer:
    return answer(asked, lambda: np.zeros(length), count, length, "spaced", counts)


def test_all_numbers_are_told() -> None:
    found = [ask(Spaced(), 40), ask(Spaced(), 19, 0), ask(Spaced(), 18)]
    assert answers.given(found) == [[1, 2, 3], [], [1, 2, 3]]
    assert [each.own for each in found] == [[1, 2]] * 3
    assert all(each.seconds >= 0 for each in found)
    told = answers.told(found, (1, 16))
    assert [each.count for each in told] == [1, 16]
    assert told[0].keyframes == [[1], [1], []]  # an episode of 18 frames has too few between 16 keyframes
    assert [len(each) for each in told[1].keyframes] == [16, 16, 0]


def test_methods_that_cannot_be_told() -> None:
    found = [ask(Spaced(refused=(1, 3, 16)), 40)]
    assert (answers.given(found), answers.told(found, (1, 16))) == (None, [])
    assert found[0].own == [1, 2]


def test_a_number_that_one_episode_cannot_have_is_left_out() -> None:
    """Not taken for an episode without keyframes."""
    found = [ask(Spaced(), 40), ask(Spaced(refused=(16,)), 40)]
    assert answers.given(found) == [[1, 2, 3]] * 2
    assert [each.count for each in answers.told(found, (1, 16))] == [1]


def test_nobody_is_told_numbers_where_nothing_is_reconstructed() -> None:
    assert ask(Spaced(), 40, counts=()).told == {}
    assert answers.told([ask(Spaced(), 18)], (1, 16)) == []


def test_keyframes_that_are_none() -> None:
    class Wrong(Spaced):
        def select(self, evidence: Any, setting: float) -> Any:
            return np.ones(3, np.int64)

    with pytest.raises(
        InputError, match=r"^method spaced gave \(3,\) int64 for an episode of 9 frames, expected \(9,\) bool: mend"
    ):
        ask(Wrong(), 9)
