"""Numbers and strings as they stand in the page."""

import json

import numpy as np
import pytest

from keyin_cli.report.numbers import POINTS, embedded, levels, shorts, steady, thinned


def test_nothing_in_a_string_ends_its_element() -> None:
    tree = {"</script>": "<!--<script>&amp; \u2028 \ud800 \x1b"}
    text = str(embedded(tree))
    assert not set(text) & set("<>&\u2028\x1b")
    assert text.isascii()
    assert json.loads(text) == tree
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded({"x": float("nan")})


def test_even_numbers_become_a_step() -> None:
    assert steady(np.array([4, 7, 10])) == {"first": 4, "step": 3}
    assert steady(np.array([0.0, 0.1, 0.2, 0.3])) == {"first": 0.0, "step": pytest.approx(0.1)}
    assert steady(np.array([4, 7, 11])) == [4, 7, 11]
    assert steady(np.array([5])) == {"first": 5, "step": 1}
    uneven = np.arange(300) / 29.97
    assert steady(uneven)["first"] + steady(uneven)["step"] * 299 == pytest.approx(uneven[-1], abs=1e-6)


def test_no_number_is_infinite() -> None:
    assert shorts([1.23456789, np.inf, np.nan]) == [1.2346, None, None]
    assert levels(np.array([[0.0, 5.0], [np.nan, 5.0], [2.0, 5.0]])) == [[0, 0, 99], [0, 0, 0]]


def test_long_lines_keep_their_end() -> None:
    x, y = thinned(list(range(2500)), [float(value) for value in range(2500)])
    assert len(x) <= POINTS + 1
    assert (x[0], x[-1], y[-1]) == (0, 2499, 2499)
