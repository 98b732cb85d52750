import pytest
import torch

from keyin_cli.model.interpolator import Interpolator


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
