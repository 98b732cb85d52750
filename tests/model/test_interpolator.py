import pytest
import torch
from torch.nn import functional

from keyin_cli.model.interpolator import Interpolator, straight_line


def build(latent: int) -> Interpolator:
    return Interpolator(embedding=6, max_offset=5, layers=2, units=8, latent=latent)


@pytest.mark.parametrize("latent", [0, 3])
def test_fewer_steps_are_the_first_steps(latent: int) -> None:
    interpolator = build(latent)
    inputs = (torch.randn(4, 6), torch.randn(4, 6), torch.eye(5)[:4], torch.randn(4, latent))
    whole = interpolator(*inputs)
    assert whole.shape == (4, 5, 6)
    torch.testing.assert_close(interpolator(*inputs, steps=2), whole[:, :2])


def test_segments_are_independent() -> None:
    interpolator = build(0)
    inputs = (torch.randn(4, 6), torch.randn(4, 6), torch.eye(5)[:4], torch.zeros(4, 0))
    torch.testing.assert_close(interpolator(*(each[2:3] for each in inputs))[0], interpolator(*inputs)[2], rtol=1e-4, atol=1e-6)


def test_every_input_matters() -> None:
    interpolator = build(3)
    inputs = [torch.randn(1, 6), torch.randn(1, 6), torch.rand(1, 5), torch.randn(1, 3)]
    for each in inputs:
        each.requires_grad_()
    interpolator(*inputs).square().sum().backward()
    assert all(each.grad is not None and each.grad.abs().min() > 0 for each in inputs)


def test_the_posterior_reads_only_the_segment() -> None:
    interpolator = build(3)
    frames, lengths = torch.randn(2, 5, 6), torch.tensor([2, 5])
    changed = frames.clone()
    changed[0, 2:] = 7.0
    torch.testing.assert_close(interpolator.infer(changed, lengths)[0], interpolator.infer(frames, lengths)[0])
    changed[0, 1] = 7.0
    assert not torch.allclose(interpolator.infer(changed, lengths)[0][0], interpolator.infer(frames, lengths)[0][0])


def test_the_straight_line_reaches_the_end_at_the_offset_and_stays() -> None:
    start, end = torch.zeros(1, 2), torch.tensor([[3.0, -6.0]])
    line = straight_line(start, end, functional.one_hot(torch.tensor([2]), 5).float(), 5)
    torch.testing.assert_close(line[0, :, 0], torch.tensor([1.0, 2, 3, 3, 3]))
    torch.testing.assert_close(line[0, :, 1], torch.tensor([-2.0, -4, -6, -6, -6]))
    mixed = straight_line(start, end, torch.tensor([[0.0, 0.5, 0.5, 0, 0]]), 2)
    torch.testing.assert_close(mixed[0, :, 0], torch.tensor([0.5 * 1.5 + 0.5 * 1, 0.5 * 3 + 0.5 * 2]))


def test_a_straight_interpolator_corrects_the_line() -> None:
    plain, straight = (Interpolator(4, 3, 1, 8, latent=0, straight=each) for each in (False, True))
    straight.load_state_dict(plain.state_dict())
    start, end, offset, z = torch.randn(2, 4), torch.randn(2, 4), torch.eye(3)[:2], torch.zeros(2, 0)
    expected = plain(start, end, offset, z) + straight_line(start, end, offset, 3)
    torch.testing.assert_close(straight(start, end, offset, z), expected)
