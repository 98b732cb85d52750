"""The identities of docs/spec.md, section 2, and a brute-force enumeration of every outcome."""

import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from keyin_cli.model import soft_time

sizes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 8), st.integers(0, 10_000))


def random_delta(keyframes: int, longest: int, seed: int, batch: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, keyframes, longest, generator=generator, dtype=torch.float64).mul(2).softmax(-1)


def one_hot(offsets: list[list[int]], longest: int) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(offsets) - 1, longest).double()


@settings(max_examples=60, deadline=None)
@given(sizes)
def test_equals_enumeration(size: tuple[int, int, int, int]) -> None:
    keyframes, longest, frames, seed = size
    frames = min(frames, keyframes * longest)
    delta = random_delta(keyframes, longest, seed)
    tau = torch.zeros(2, keyframes + 1, keyframes * longest + 1, dtype=torch.float64)
    weights = torch.zeros(2, keyframes, longest, frames, dtype=torch.float64)
    inside = torch.zeros(2, keyframes, dtype=torch.float64)
    for offsets in itertools.product(range(1, longest + 1), repeat=keyframes):
        chance = torch.stack([delta[:, t, d - 1] for t, d in enumerate(offsets)]).prod(0)
        times = [0, *itertools.accumulate(offsets)]
        for t, time in enumerate(times):
            tau[:, t, time] += chance
        for t, offset in enumerate(offsets):
            inside[:, t] += chance * (times[t + 1] <= frames)
            for i in range(1, offset + 1):
                if times[t] + i <= frames:
                    weights[:, t, i - 1, times[t] + i - 1] += chance
    computed = soft_time.keyframe_times(delta)
    torch.testing.assert_close(computed, tau)
    torch.testing.assert_close(soft_time.inside(computed, frames), inside)
    torch.testing.assert_close(soft_time.frame_weights(computed, delta, frames), weights)


@settings(max_examples=30, deadline=None)
@given(sizes)
def test_weights_are_the_chance_of_being_reached(size: tuple[int, int, int, int]) -> None:
    keyframes, longest, _, seed = size
    frames = keyframes * longest
    delta = random_delta(keyframes, longest, seed)
    tau = soft_time.keyframe_times(delta)
    reached = tau[:, -1].flip(-1).cumsum(-1).flip(-1)[:, 1:]  # P(keyframe M stands at j or later)
    total = soft_time.frame_weights(tau, delta, frames).sum((1, 2))
    torch.testing.assert_close(total, reached)
    assert (total <= 1 + 1e-12).all()
    torch.testing.assert_close(tau.sum(-1), torch.ones(2, keyframes + 1, dtype=torch.float64))


def test_shifting_the_first_offset_shifts_every_keyframe() -> None:
    delta = random_delta(3, 5, seed=1)
    delta[:, 0] = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.0])
    shifted = delta.clone()
    shifted[:, 0] = delta[:, 0].roll(1, -1)
    before, after = soft_time.keyframe_times(delta), soft_time.keyframe_times(shifted)
    torch.testing.assert_close(after[:, 1:, 1:], before[:, 1:, :-1])


def test_hard_offsets_concatenate_the_segments() -> None:
    offsets, longest, frames = [[3, 2, 4], [1, 4, 4]], 4, 7
    delta = one_hot(offsets, longest)
    generated = torch.randn(2, 3, longest, 5, dtype=torch.float64)
    weights = soft_time.frame_weights(soft_time.keyframe_times(delta), delta, frames)
    composed = soft_time.soft_frames(soft_time.share(weights), generated)
    for row, each in enumerate(offsets):
        joined = torch.cat([generated[row, t, :offset] for t, offset in enumerate(each)])[:frames]
        torch.testing.assert_close(composed[row], joined)


def test_hard_offsets_pick_the_true_frames_as_targets() -> None:
    truth = torch.randn(1, 7, 2, 3, dtype=torch.float64)
    delta = one_hot([[3, 2, 2]], 4)
    targets = soft_time.soft_targets(soft_time.keyframe_times(delta), truth)
    torch.testing.assert_close(targets[0], truth[0, [2, 4, 6]])


def test_targets_do_not_fade_when_a_keyframe_is_nearly_outside() -> None:
    """The sum is divided by c^t: with all frames equal the target is that frame, however small c^t is."""
    delta = torch.tensor([[[0.01, 0.0, 0.99]] * 2], dtype=torch.float64)
    tau = soft_time.keyframe_times(delta)
    assert soft_time.inside(tau, 2)[0, 1] < 1e-3
    targets = soft_time.soft_targets(tau, torch.full((1, 2, 4), 0.7, dtype=torch.float64))
    torch.testing.assert_close(targets, torch.full((1, 2, 4), 0.7, dtype=torch.float64))


def test_running_is_the_tail_of_the_offset() -> None:
    running = soft_time.running(torch.tensor([[[0.2, 0.3, 0.5]]]))
    torch.testing.assert_close(running, torch.tensor([[[1.0, 0.8, 0.5]]]))


def test_gradient_reaches_every_offset() -> None:
    delta = random_delta(3, 4, seed=2).requires_grad_()
    generated, truth = torch.randn(2, 3, 4, 5, dtype=torch.float64), torch.randn(2, 9, 5, dtype=torch.float64)
    weights = soft_time.frame_weights(soft_time.keyframe_times(delta), delta, 9)
    (soft_time.soft_frames(soft_time.share(weights), generated) - truth).square().sum().backward()
    assert delta.grad is not None
    assert (delta.grad.abs() > 0).all()


def test_soft_time_passes_gradcheck() -> None:
    delta = random_delta(2, 3, seed=3, batch=1).requires_grad_()

    def through(delta: Tensor) -> tuple[Tensor, Tensor]:
        tau = soft_time.keyframe_times(delta)
        return soft_time.share(soft_time.frame_weights(tau, delta, 5)), soft_time.soft_targets(tau, torch.eye(5).double()[None])

    assert torch.autograd.gradcheck(through, delta)


def test_hard_times_marks_argmax_offsets_inside_the_sequence() -> None:
    times = soft_time.hard_times(one_hot([[3, 2, 4], [4, 4, 4]], 4), frames=8)
    assert times.nonzero().tolist() == [[0, 2], [0, 4], [1, 3], [1, 7]]
