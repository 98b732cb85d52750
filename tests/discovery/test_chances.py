"""Keyframes from chances, and the setting that gives as many as wanted."""

import numpy as np
import pytest
from peers_pieces import frames_of

from keyin_cli.discovery.chances import above, setting

CHANCES = np.array([0.9, 0.2, 0.8, 0.7, 0.1, 0.6, 0.95])


def test_frames_above_but_the_first_and_the_last() -> None:
    assert frames_of(above(CHANCES, 0.5)) == [2, 3, 5]
    assert frames_of(above(CHANCES, 0.7)) == [2]  # more than the setting
    assert frames_of(above(CHANCES, 1.0)) == []


@pytest.mark.parametrize("wanted", range(8))
def test_as_many_as_are_wanted(wanted: int) -> None:
    assert above(CHANCES, setting(CHANCES, wanted)).sum() == min(wanted, 5)


def test_equal_chances_are_not_told_apart() -> None:
    same = np.full(7, 0.5)
    assert above(same, setting(same, 3)).sum() == 0
    assert above(same, setting(same, 5)).sum() == 5
