"""Limits on segments, frame by frame."""

import torch

from keyin_cli.model.segments.limits import SURE, ages, limited

BEGINS = torch.tensor([[1.0, 0, 0, 1, 1, 0, 0, 0]])


def test_ages_count_from_the_last_beginning() -> None:
    assert ages(BEGINS).tolist() == [[1, 2, 3, 1, 1, 2, 3, 4]]


def test_a_segment_that_is_too_long_ends_even_where_there_are_enough() -> None:
    logits = torch.zeros(1, 8)
    assert limited(logits, BEGINS, longest=3, most=9).sign().tolist() == [[0, 0, 1, 0, 0, 0, 1, 1]]
    assert limited(logits, BEGINS, longest=9, most=2).sign().tolist() == [[0, 0, 0, -1, -1, -1, -1, -1]]
    both = limited(logits, BEGINS, longest=4, most=2)[0, -2:]
    torch.testing.assert_close(both, torch.tensor([-SURE, SURE]))


def test_limits_let_gradients_of_other_frames_pass() -> None:
    logits = torch.zeros(1, 8, requires_grad=True)
    limited(logits, BEGINS, 3, 9).sum().backward()
    assert logits.grad is not None
    assert logits.grad.tolist() == [[1, 1, 0, 1, 1, 1, 0, 0]]
