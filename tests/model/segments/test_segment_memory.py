"""Recurrent networks that forget, and what a detector sees."""

import torch

from keyin_cli.model.segments.memory import Detector, Faded, Reset, before, begun


def test_a_memory_that_is_reset_begins_anew() -> None:
    torch.manual_seed(0)
    network, inputs, keep = Reset(3, 5), torch.randn(2, 7, 3), torch.ones(2, 7)
    keep[:, 4] = 0
    states = network(inputs, keep)
    torch.testing.assert_close(states[:, 4:], network(inputs[:, 4:], keep[:, 4:]))
    assert not torch.allclose(states[:, 4:], network(inputs, torch.ones(2, 7))[:, 4:])


def test_what_is_masked_is_forgotten_and_says_nothing() -> None:
    torch.manual_seed(0)
    network, inputs = Faded(3, 5), torch.randn(1, 6, 3)
    mask = torch.tensor([[0.0, 0, 0, 1, 1, 1]])
    states = network(inputs, mask)
    assert (states[:, :3] == 0).all()
    torch.testing.assert_close(states[:, 3:], network(inputs[:, 3:], mask[:, 3:]))


def test_how_far_a_detector_sees() -> None:
    torch.manual_seed(0)
    detector = Detector(4, 2, 3).eval()
    inputs = torch.randn(1, 20, 4, requires_grad=True)
    logits = detector(inputs)
    assert logits.shape == (1, 20)
    (slope,) = torch.autograd.grad(logits[0, 11], inputs)
    assert slope[0].abs().sum(-1).nonzero().flatten().tolist() == list(range(8, 15))


def test_the_frame_before_and_the_first_one() -> None:
    values = torch.arange(3.0)[None, :, None] + 1
    assert before(values).flatten().tolist() == [0, 1, 2]
    inside = torch.tensor([[1.0, 1, 1, 0, 0]])
    assert begun(torch.zeros(1, 5), inside).tolist() == [[1, 0, 0, 1, 1]]
