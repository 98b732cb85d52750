"""The expected description length is what search counts, averaged over chains."""

from itertools import product

import numpy as np
import pytest
import torch

from keyin_cli.model.description import closed_costs, expected_length, marginal_length
from keyin_cli.model.search import chain_costs, cheapest_chain
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


def told(offsets: tuple[int, ...], costs: torch.Tensor, horizon: int, earlier: int) -> float:
    """Nats of one chain of one sequence (N+1,S), segment by segment."""
    total, at, start = 0.0, 0, 0  # the last keyframe, and where the segment after it begins
    for offset in offsets:
        if at >= horizon:
            return total
        at, end = at + offset, min(at + offset + earlier, horizon)
        lengths = [end - start] if end > start else []
        if end - start > S:  # the first one, which is longer by `earlier`
            lengths = [S] + [1] * (end - start - S)
        for length in lengths:
            total, start = total + float(costs[start, length - 1]), start + length
        total += PRICE * max(0, len(lengths) - 1)  # where the frames that follow one by one begin
        total += PRICE if at < horizon else 0.0
    while start < horizon:  # what the segments do not reach
        total, start = total + float(costs[start, 0]), start + 1
        total += PRICE if start < horizon else 0.0
    return total


@pytest.mark.parametrize("horizon", [1, 2, 4, 5, 6, N])
@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_every_chain_costs_what_its_segments_do(costs: torch.Tensor, earlier: int, horizon: int) -> None:
    expected = []
    for offsets in product(range(1, S + 1), repeat=M):
        delta = one_hot(*offsets)
        expected.append([told(offsets, cost, horizon, earlier) for cost in costs])
        found = expected_length(keyframe_times(delta), delta, costs, PRICE, horizon, earlier)
        np.testing.assert_allclose(found, expected[-1], rtol=1e-5, err_msg=str(offsets))
    logits = torch.randn(2, M, S, generator=torch.Generator().manual_seed(5))
    logs = logits.log_softmax(-1)
    chances = [logs[:, range(M), list(offsets)].sum(-1) for offsets in product(range(S), repeat=M)]
    summed = (torch.stack(chances) - torch.tensor(expected)).logsumexp(0)
    torch.testing.assert_close(marginal_length(logits, costs, PRICE, horizon, earlier), -summed)


def test_lengths_of_large_images_are_far_from_never(costs: torch.Tensor) -> None:
    large = 1e6 * (1 + costs)
    cheapest = min(told(offsets, large[0], N, 1) for offsets in product(range(1, S + 1), repeat=M))
    logits = torch.zeros(2, M, S, requires_grad=True)
    length = marginal_length(logits, large, PRICE, N, 1)
    assert length[0].item() == pytest.approx(cheapest, rel=1e-4)
    (gradient,) = torch.autograd.grad(length.sum(), logits)
    assert gradient.abs().max() > 0.1


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


@pytest.mark.parametrize("saved", [5.0, 1000.0])
def test_lengths_may_be_negative(saved: float, costs: torch.Tensor) -> None:
    """Nats of densities are: as many less of every frame are N times as many less of every chain, whose order is the same."""
    less = costs - saved * torch.arange(1, S + 1)
    logits = torch.randn(2, M, S, generator=torch.Generator().manual_seed(2), requires_grad=True)
    marginal = marginal_length(logits, less, PRICE, N)
    torch.testing.assert_close(marginal + saved * N, marginal_length(logits, costs, PRICE, N), rtol=1e-3, atol=1e-2)
    (gradient,) = torch.autograd.grad(marginal.sum(), logits)
    assert gradient.isfinite().all()
    delta = logits.detach().softmax(-1)
    torch.testing.assert_close(length(delta, less) + saved * N, length(delta, costs), rtol=1e-3, atol=1e-2)
    np.testing.assert_array_equal(cheapest_chain(less.numpy(), PRICE), cheapest_chain(costs.numpy(), PRICE))
