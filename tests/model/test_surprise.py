"""Algorithm 3: peaks first, then the largest of the rest."""

import numpy as np
import pytest

from keyin_cli.model.surprise import peaks


@pytest.mark.parametrize(
    ("scores", "count", "expected"),
    [
        ([0, 3, 0, 2, 0, 1, 0], 2, [1, 3]),  # the largest peaks
        ([0, 9, 8, 7, 0, 1, 0], 2, [1, 5]),  # a small peak goes before a large slope
        ([0, 9, 8, 7, 0, 1, 0], 3, [1, 2, 5]),  # then the largest that is no peak
        ([5, 1, 1, 1, 1, 1, 4], 2, [0, 6]),  # ends have one neighbour
        ([1, 1, 1], 1, [0]),  # nothing stands out
        ([5, 1, 3, 1, 4], 2, [0, 4]),  # ends are peaks too
        ([0, 3, 3, 0, 1, 0], 1, [4]),  # of two neighbours that are equal neither is a peak
    ],
)
def test_peaks(scores: list[float], count: int, expected: list[int]) -> None:
    np.testing.assert_array_equal(np.flatnonzero(peaks(np.array([scores], dtype=float), count)[0]), expected)
