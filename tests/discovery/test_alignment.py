"""The protocol: one shift per method, chosen by validation labels for all alike; the last frame is nobody's mistake."""

import numpy as np
import pytest

from keyin_cli.discovery.alignment import SHIFTS, best_shift
from keyin_cli.discovery.f1 import score, table_row, without_last
from keyin_cli.model.search import shifted

RNG = np.random.default_rng(0)
TRUE = np.zeros((200, 30), bool)
TRUE[:, 3:-3] = RNG.random((200, 24)) < 0.15


@pytest.mark.parametrize("late", SHIFTS)
def test_the_shift_takes_back_what_a_method_is_late(late: int) -> None:
    assert best_shift(shifted(TRUE, late), TRUE) == -late


def test_the_same_output_a_frame_later_has_the_same_aligned_f1() -> None:
    """The protocol is fair: what two methods find is the same, and one calls the last frame of a motion what the other calls the
    first of the next."""
    one = TRUE & (RNG.random(TRUE.shape) < 0.8)  # some are missed
    one[:, 3:-3] |= RNG.random((200, 24)) < 0.03  # and some are wrong
    other = shifted(one, 1)
    rows = [table_row("x", shifted(each, best_shift(each, TRUE)), TRUE) for each in (one, other)]
    assert rows[0] == rows[1]
    assert best_shift(other, TRUE) == best_shift(one, TRUE) - 1 == -1
    assert table_row("x", other, TRUE)["f1"]["0"] < rows[0]["f1"]["0"]


def test_of_equal_shifts_none_is_taken() -> None:
    assert best_shift(np.zeros((2, 30), bool), TRUE[:2]) == 0


def test_no_method_is_charged_for_a_keyframe_in_the_last_frame() -> None:
    detected = TRUE.copy()
    detected[:, -1] = True
    assert table_row("x", detected, TRUE)["f1"]["0"] == 1
    assert score(detected, TRUE, 0).f1 < 1
    assert table_row("x", detected, TRUE)["keyframes_per_sequence"] == detected.sum(1).mean()
    assert not without_last(detected)[:, -1].any()
    assert detected[:, -1].all()  # left alone
