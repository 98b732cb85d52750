from dataclasses import dataclass

import numpy as np

from keyin_cli.datasets.pushing.records import concatenate, take


@dataclass(frozen=True)
class Inner:
    weight: np.ndarray


@dataclass(frozen=True)
class Outer:
    place: np.ndarray
    inner: Inner


WHOLE = Outer(np.arange(10).reshape(5, 2), Inner(np.arange(5.0)))


def test_taking_reaches_every_field() -> None:
    taken = take(WHOLE, np.array([3, 0, 3]))
    assert taken.place.tolist() == [[6, 7], [0, 1], [6, 7]]
    assert taken.inner.weight.tolist() == [3, 0, 3]
    assert WHOLE.inner.weight.tolist() == [0, 1, 2, 3, 4]


def test_concatenating_undoes_taking() -> None:
    joined = concatenate([take(WHOLE, np.array([0])), take(WHOLE, np.array([1, 2, 3])), take(WHOLE, np.array([4]))])
    np.testing.assert_array_equal(joined.place, WHOLE.place)
    np.testing.assert_array_equal(joined.inner.weight, WHOLE.inner.weight)
    assert isinstance(joined.inner, Inner)


def test_taking_nothing_keeps_shapes() -> None:
    assert take(WHOLE, np.array([], dtype=np.int64)).place.shape == (0, 2)
