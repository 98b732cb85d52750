import numpy as np
import pytest

from keyin_cli.datasets.brownian import BrownianData, draw, simulate

DATA = BrownianData(n=500)
FLIGHTS = simulate(DATA, np.arange(500))


def headings(states: np.ndarray) -> np.ndarray:
    steps = np.diff(states.astype(np.float64), axis=1)
    return np.unwrap(np.arctan2(steps[..., 1], steps[..., 0]), axis=1)


def test_constant_speed_inside_the_margin() -> None:
    steps = np.linalg.norm(np.diff(FLIGHTS.states, axis=1), axis=-1)
    np.testing.assert_allclose(steps, DATA.speed, rtol=1e-4)
    assert FLIGHTS.states.min() >= DATA.margin - 1e-4
    assert FLIGHTS.states.max() <= DATA.size - DATA.margin + 1e-4


@pytest.mark.parametrize("turn", [15.0, 30.0, 44.0])
def test_labels_are_exactly_the_turns(turn: float) -> None:
    flights = simulate(DATA.model_copy(update={"min_turn": turn}), np.arange(300))
    change = np.abs(np.diff(headings(flights.states), axis=1))
    change = np.minimum(change, 2 * np.pi - change)
    labels = flights.keyframes[:, 1:-1]
    assert np.rad2deg(change[labels]).min() >= turn - 0.1
    assert np.rad2deg(change[~labels]).max() < 0.1
    assert not flights.keyframes[:, [0, -1]].any()


def test_lengths_between_changes() -> None:
    first = FLIGHTS.keyframes.argmax(axis=1)
    assert set(first) == set(range(1, 9))
    gaps = np.concatenate([np.diff(np.flatnonzero(row)) for row in FLIGHTS.keyframes])
    assert set(gaps) == {6, 7, 8}
    np.testing.assert_allclose(np.bincount(gaps)[6:] / len(gaps), 1 / 3, atol=0.05)


def test_about_four_changes_among_the_predicted_frames() -> None:
    assert FLIGHTS.keyframes[:, 5:].sum(axis=1).mean() == pytest.approx(4.1, abs=0.1)


def test_a_sequence_depends_on_seed_and_index_alone() -> None:
    alone = simulate(DATA, np.array([321]))
    np.testing.assert_array_equal(alone.states[0], FLIGHTS.states[321])
    np.testing.assert_array_equal(alone.split[0], FLIGHTS.split[321])
    other = simulate(DATA.model_copy(update={"seed": 1}), np.array([321]))
    assert not np.array_equal(other.states, alone.states)


def test_splits_have_their_shares() -> None:
    shares = np.bincount(simulate(DATA, np.arange(4000)).split, minlength=3) / 4000
    np.testing.assert_allclose(shares, (0.9, 0.05, 0.05), atol=0.02)


def test_the_ball_is_where_the_state_says() -> None:
    frames = draw(DATA, FLIGHTS.states[:20]).astype(np.float64)
    assert set(np.unique(frames)) == {0, 255}
    centres = np.arange(DATA.size) + 0.5
    total = frames.sum(axis=(2, 3, 4))
    x = (frames[..., 0].sum(axis=2) * centres).sum(axis=-1) / total
    y = (frames[..., 0].sum(axis=3) * centres).sum(axis=-1) / total
    assert np.abs(np.stack([x, y], axis=-1) - FLIGHTS.states[:20]).max() < 0.5


def test_a_pixel_is_on_when_its_centre_is_within_the_radius() -> None:
    frame = draw(DATA, np.array([[[10.5, 20.5]]], dtype=np.float32))[0, 0, :, :, 0]
    on = np.argwhere(frame)
    expected = [[r, c] for r in range(32) for c in range(32) if (c - 10) ** 2 + (r - 20) ** 2 <= DATA.radius**2]
    assert on.tolist() == expected
