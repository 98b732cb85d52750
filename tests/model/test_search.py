import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from keyin_cli.model.keyin import Foundation
from keyin_cli.model.search import (
    chain_costs,
    cheapest_chain,
    frame_nats,
    keyframe_nats,
    segment_costs,
    shifted,
)
from keyin_cli.recipe import check


def random_costs(seed: int, n: int, last: int, longest: int) -> np.ndarray:
    costs = np.random.default_rng(seed).gamma(1.0, 10.0, (n, last + 1, longest)).astype(np.float32)
    for start, length in itertools.product(range(last + 1), range(1, longest + 1)):
        if start + length > last:
            costs[:, start, length - 1] = np.inf
    return costs


def brute_force(costs: np.ndarray, price: float) -> tuple[float, tuple[int, ...]]:
    """The cheapest of all chains of one sequence (N+1,S): its cost and its keyframes."""
    last, longest = costs.shape[0] - 1, costs.shape[1]
    best = (np.inf, ())
    for inner in itertools.chain.from_iterable(itertools.combinations(range(1, last), k) for k in range(last)):
        nodes = [0, *inner, last]
        if max(np.diff(nodes)) <= longest:
            total = sum(float(costs[a, b - a - 1]) for a, b in itertools.pairwise(nodes)) + price * len(inner)
            best = min(best, (total, inner))
    return best


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(2, 4), st.floats(0, 40))
def test_search_equals_brute_force(seed: int, last: int, longest: int, price: float) -> None:
    costs = random_costs(seed, 3, last, longest)
    chains = cheapest_chain(costs, price)
    totals = chain_costs(costs, chains, price)
    for row in range(3):
        total, inner = brute_force(costs[row], price)
        assert totals[row] == pytest.approx(total, rel=1e-5)
        assert tuple(np.flatnonzero(chains[row]) + 1) == inner


def test_a_higher_price_never_buys_more_keyframes() -> None:
    costs = random_costs(0, 50, 20, 6)
    counts = [cheapest_chain(costs, price).sum() for price in (0, 5, 20, 80, 320)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] >= 50 * 3  # 20 frames in segments of 6 at most


def test_where_keyframes_cost_and_save_nothing_there_are_few() -> None:
    """Frames that never change have a price of 0, and every chain costs the same."""
    still = np.where(np.isinf(random_costs(0, 2, 20, 6)), np.inf, 0).astype(np.float32)
    assert cheapest_chain(still, 0.0)[:, :-1].sum(1).tolist() == [3, 3]


def test_a_gap_longer_than_s_costs_infinitely_much() -> None:
    costs = random_costs(0, 1, 8, 3)
    assert np.isinf(chain_costs(costs, np.zeros((1, 8), bool), 1.0))


def test_a_keyframe_on_the_last_frame_is_free_and_changes_nothing() -> None:
    costs = random_costs(0, 2, 8, 4)
    times = np.zeros((2, 8), bool)
    times[:, [2, 5]] = True
    closed = times.copy()
    closed[:, -1] = True
    lengths = chain_costs(costs, times, 7.0)
    np.testing.assert_array_equal(chain_costs(costs, closed, 7.0), lengths)
    np.testing.assert_allclose(lengths, costs[:, 0, 2] + costs[:, 3, 2] + costs[:, 6, 1] + 2 * 7.0, rtol=1e-6)


@pytest.mark.parametrize(
    "codec",
    [
        {"kind": "mlp", "embedding": 6, "hidden": [8]},
        {"kind": "layers", "embedding": 6, "channels": 2, "hidden": [8], "layers": 2, "patch": 2},
    ],
)
def test_segment_costs_are_those_of_inpainting_one_segment(codec: dict) -> None:
    """Drawn on K^0, by a decoder that draws on something."""
    recipe = check(
        {
            "name": "small",
            "data": {"kind": "zarr", "path": "none", "frames": 8, "height": 4, "width": 4, "channels": 1},
            "window": {"conditioning": 1, "predicted": 7, "keyframes": 3, "max_offset": 3},
            "model": {"codec": codec, "lstm": {"units": 8}},
            "pretrain": {"lengths": [1, 3]},
        }
    )
    torch.manual_seed(0)
    foundation = Foundation(recipe).eval()
    frames = (np.random.default_rng(0).random((2, 8, 4, 4, 1)) < 0.3).astype(np.uint8) * 255
    costs = segment_costs(foundation, frames, torch.device("cpu"))
    assert costs.shape == (2, 8, 3)
    images = torch.from_numpy(frames).float() / 255
    with torch.no_grad():
        embeddings = foundation.encoder(images)
        for row, start, length in ((0, 0, 1), (1, 2, 3), (0, 4, 3), (1, 6, 1)):
            ends = embeddings[row : row + 1, [start, start + length]]
            inner = foundation.inpaint(ends[:, 0], ends[:, 1], torch.tensor([length]), length)
            likelihood = torch.distributions.Bernoulli(logits=foundation.decoder(inner[0], images[row, 0]))
            nats = -likelihood.log_prob(images[row, start + 1 : start + length + 1]).sum()
            assert costs[row, start, length - 1] == pytest.approx(float(nats), rel=1e-4)
    assert np.isinf(costs[:, 5, 2]).all()
    assert np.isinf(costs[:, 7]).all()


def test_frame_nats_is_the_entropy_of_independent_pixels() -> None:
    frames = np.zeros((4, 2, 1, 2, 1), np.uint8)
    frames[::2, :, 0, 0] = 255
    assert frame_nats(frames) == pytest.approx(np.log(2), rel=1e-3)
    frames[0, :, 0, 0] = 0
    assert frame_nats(frames) == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75), rel=1e-3)


def test_grey_frames_that_are_all_alike_cost_nothing() -> None:
    assert frame_nats(np.full((3, 2, 4, 4, 3), 200, np.uint8)) == pytest.approx(0, abs=1e-9)


def test_a_keyframe_on_a_known_background_costs_what_moves_in_its_sequence() -> None:
    rng = np.random.default_rng(0)
    still = np.repeat(rng.integers(0, 2, (4, 1, 8, 8, 1), dtype=np.uint8) * 255, 6, axis=1)
    assert keyframe_nats(still, background=True) == pytest.approx(0, abs=1e-9)
    assert keyframe_nats(still, background=False) == frame_nats(still) > 1
    still[:, ::2, 0, 0] = 255
    still[:, 1::2, 0, 0] = 0
    assert keyframe_nats(still, background=True) == pytest.approx(np.log(2), rel=1e-3)


@pytest.mark.parametrize(
    ("by", "times"),
    [(0, [[0, 3, 5], [1]]), (-1, [[2, 4], [0]]), (1, [[1, 4], [2]]), (-2, [[1, 3], []]), (6, [[], []]), (-7, [[], []])],
)
def test_keyframes_are_shifted_and_never_wrap_around(by: int, times: list[list[int]]) -> None:
    found = np.zeros((2, 6), bool)
    found[0, [0, 3, 5]] = found[1, 1] = True
    assert [np.flatnonzero(row).tolist() for row in shifted(found, by)] == times
    assert found.sum() == 4
