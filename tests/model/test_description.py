"""The expected description length is what search counts, averaged over chains."""

from itertools import product

import numpy as np
import pytest
import torch

from keyin_cli.model.description import closed_costs, expected_length, marginal_length
from keyin_cli.model.search import chain_costs, cheapest_chain, shifted
from keyin_cli.model.soft_time import hard_times, keyframe_times

N, M, S, PRICE = 7, 3, 4, 2.5


@pytest.fixture
def costs() -> torch.Tensor:
    """(2,N+1,S), infinite behind the end."""
    made = torch.rand(2, N + 1, S, generator=torch.Generator().manual_seed(0)) * 10
    ends = torch.arange(N + 1)[:, None] + torch.arange(1, S + 1)
    return made.masked_fill(ends > N, torch.inf)


def length(delta: torch.Tensor, costs: torch.Tensor, horizon: int = N) -> torch.Tensor:
    return expected_length(keyframe_times(delta), delta, costs, PRICE, horizon)


def one_hot(*offsets: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(offsets) - 1, S).float().expand(2, -1, -1)


def test_of_hard_offsets_that_reach_the_end_it_is_the_cost_of_their_chain(costs: torch.Tensor) -> None:
    reached = 0
    for offsets in product(range(1, S + 1), repeat=M):
        if sum(offsets) < N:
            continue
        reached += 1
        delta = one_hot(*offsets)
        chain = chain_costs(costs.numpy(), hard_times(delta, N).numpy(), PRICE)
        np.testing.assert_allclose(length(delta, costs), chain, rtol=1e-5, err_msg=str(offsets))
    assert reached > 10


def test_what_no_segment_reaches_is_described_frame_by_frame(costs: torch.Tensor) -> None:
    """As by the chain that goes on with a keyframe in every frame: nothing is gained by stopping early."""
    keyframes = np.zeros((2, N), bool)
    keyframes[:, [1, 2, 4, 5]] = True  # times 2, 3, 5, and 6 on the way to 7
    np.testing.assert_allclose(length(one_hot(2, 1, 2), costs), chain_costs(costs.numpy(), keyframes, PRICE), rtol=1e-5)


def test_it_is_the_mean_over_chains(costs: torch.Tensor) -> None:
    delta = torch.randn(2, M, S, generator=torch.Generator().manual_seed(1)).softmax(-1)
    expected = torch.zeros(2)
    for offsets in product(range(S), repeat=M):
        chance = torch.stack([delta[:, t, offset] for t, offset in enumerate(offsets)]).prod(0)
        expected += chance * length(one_hot(*(offset + 1 for offset in offsets)), costs)
    torch.testing.assert_close(length(delta, costs), expected)


def test_a_shorter_horizon_is_a_shorter_sequence(costs: torch.Tensor) -> None:
    horizon = 5
    delta = torch.randn(2, M, S, generator=torch.Generator().manual_seed(2)).softmax(-1)
    ends = torch.arange(horizon + 1)[:, None] + torch.arange(1, S + 1)
    cut = costs[:, : horizon + 1].masked_fill(ends > horizon, torch.inf)
    torch.testing.assert_close(length(delta, costs, horizon), length(delta, cut, horizon))
    assert torch.isfinite(closed_costs(costs, horizon)).all()
    assert torch.equal(closed_costs(costs, horizon)[:, 3, 1:], costs[:, 3, 1, None].expand(-1, S - 1))  # closed at the horizon


def test_the_gradient_is_finite_and_favours_the_cheapest_chain(costs: torch.Tensor) -> None:
    logits = torch.zeros(2, M, S, requires_grad=True)
    for _ in range(300):
        gradient = torch.autograd.grad(length(logits.softmax(-1), costs).sum(), logits)[0]
        assert torch.isfinite(gradient).all()
        logits = (logits - 0.2 * gradient).detach().requires_grad_()
    uniform = torch.full((2, M, S), 1 / S)
    assert (length(logits.softmax(-1).detach(), costs) < length(uniform, costs)).all()


def test_the_marginal_length_sums_over_all_chains(costs: torch.Tensor) -> None:
    logits = torch.randn(2, M, S, generator=torch.Generator().manual_seed(3))
    delta, chances = logits.softmax(-1), torch.zeros(2)
    for offsets in product(range(S), repeat=M):
        chance = torch.stack([delta[:, t, offset] for t, offset in enumerate(offsets)]).prod(0)
        chances += chance * (-length(one_hot(*(offset + 1 for offset in offsets)), costs)).exp()
    torch.testing.assert_close(marginal_length(logits, costs, PRICE, N), -chances.log())
    assert (marginal_length(logits, costs, PRICE, N) <= length(delta, costs)).all()


def test_certain_offsets_leave_one_chain(costs: torch.Tensor) -> None:
    delta = one_hot(3, 2, 4)
    torch.testing.assert_close(marginal_length(1000 * delta, costs, PRICE, N), length(delta, costs))


def test_its_gradient_is_the_posterior_over_chains(costs: torch.Tensor) -> None:
    """Where one chain is far cheaper than all others, it is that of the cross-entropy with the offsets that search finds."""
    far = 100 * costs
    chain = cheapest_chain(far.numpy(), 100 * PRICE)
    logits = torch.zeros(2, M, S, requires_grad=True)
    marginal_length(logits, far, 100 * PRICE, N).sum().backward()
    for row, times in enumerate(chain):
        nodes = [0, *(np.flatnonzero(times[:-1]) + 1)]
        if len(nodes) > M:
            continue
        for t, offset in enumerate(np.diff(nodes)):
            expected = torch.full((S,), 1 / S)
            expected[offset - 1] -= 1
            torch.testing.assert_close(logits.grad[row, t], expected, atol=1e-3, rtol=0)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_keyframes_moved_earlier_cost_what_their_chain_does(costs: torch.Tensor, earlier: int) -> None:
    """Of every chain whose keyframes stay inside when they are moved."""
    compared = 0
    for offsets in product(range(1, S + 1), repeat=M):
        moved = hard_times(one_hot(*offsets), N).numpy()
        moved[:, -1] = False  # the end closes the last segment and is no keyframe
        chain = shifted(moved, earlier)
        lost = moved.sum() != chain.sum()  # one would be moved behind the end
        if lost or sum(offsets) < N or offsets[0] + earlier > S or chain[0, -1]:
            continue
        compared += 1
        expected = torch.from_numpy(chain_costs(costs.numpy(), chain, PRICE)).float()
        delta = one_hot(*offsets)
        torch.testing.assert_close(expected_length(keyframe_times(delta), delta, costs, PRICE, N, earlier), expected)
        torch.testing.assert_close(marginal_length(1000 * delta, costs, PRICE, N, earlier), expected)
    assert compared > 4


def test_a_first_segment_longer_than_the_longest_goes_on_frame_by_frame(costs: torch.Tensor) -> None:
    """Offsets S, 3: keyframes at S and S + 3 = N, moved from S + 1, which no segment reaches."""
    keyframes = np.zeros((2, N), bool)
    keyframes[:, [S - 1, S]] = True  # times S and S + 1
    expected = chain_costs(costs.numpy(), keyframes, PRICE)
    delta = one_hot(S, 3, 1)
    np.testing.assert_allclose(expected_length(keyframe_times(delta), delta, costs, PRICE, N, 1), expected, rtol=1e-5)


@pytest.mark.parametrize("horizon", [1, 2, 5, N])
@pytest.mark.parametrize("earlier", [1, 3])
def test_lengths_of_moved_keyframes_are_finite_at_every_horizon(costs: torch.Tensor, earlier: int, horizon: int) -> None:
    logits = torch.randn(2, M, S, generator=torch.Generator().manual_seed(4)).requires_grad_()
    delta = logits.softmax(-1)
    total = marginal_length(logits, costs, PRICE, horizon, earlier)
    total = total + expected_length(keyframe_times(delta), delta, costs, PRICE, horizon, earlier)
    (gradient,) = torch.autograd.grad(total.sum(), logits)
    assert torch.isfinite(total).all()
    assert torch.isfinite(gradient).all()
