"""The price of codes, and which code each frame has."""

import math

import pytest
import torch

from keyin_cli.model.segments import love_network
from keyin_cli.model.segments.learning import Pieces
from keyin_cli.model.segments.love_network import Love, description, kept

SURE = torch.eye(3)


def test_a_code_is_kept_until_another_segment_begins() -> None:
    codes = SURE[[0, 1, 2, 1, 0]][None]
    begins = torch.tensor([[1.0, 0, 1, 0, 0]])
    assert kept(codes, begins).argmax(-1).tolist() == [[0, 0, 2, 2, 2]]
    assert torch.equal(kept(codes, torch.ones(1, 5)), codes)


def test_codes_cost_what_they_tell_where_segments_begin() -> None:
    codes = SURE[[0, 2, 1, 2, 2, 0]].reshape(2, 3, 3)
    begins = torch.tensor([[1.0, 0, 1], [0, 0, 1]])  # codes 0, 1 and 0: twice of three times one
    expected = 3 * (2 / 3 * math.log(3 / 2) + 1 / 3 * math.log(3))
    assert description(codes, begins).item() == pytest.approx(expected)
    alone = description(SURE[[1, 1]][None], torch.ones(1, 2))
    assert alone.item() == pytest.approx(0)  # who has one code has nothing to tell


def test_a_boundary_more_costs_the_nats_of_its_code() -> None:
    """The derivative of N H(n / N) along the count of a code is -log of its share."""
    begins = torch.tensor([[1.0, 1, 1, 0, 0]], requires_grad=True)
    codes = SURE[[0, 0, 1, 0, 1]][None]
    description(codes, begins).backward()
    assert begins.grad is not None
    torch.testing.assert_close(begins.grad[0, 3:], -torch.tensor([2 / 3, 1 / 3]).log())


def test_boundaries_begin_as_often_as_is_expected_and_are_learned_later() -> None:
    torch.manual_seed(0)
    network = Love(3, 2, 4.0)
    drawn = network._sampled(torch.full((100, 100), 9.0), 0.0)
    assert drawn.mean().item() == pytest.approx(1 / 4, abs=0.01)
    assert network._sampled(torch.full((100, 100), 9.0), 1.0).mean().item() > 0.99
    first = network.detector.last.bias
    assert first is not None
    assert first.sigmoid().item() == pytest.approx(1 / 4)
    pieces = Pieces(torch.randn(4, 9, 3), torch.randn(4, 9, 2), torch.ones(4, 9))
    for share, learned in ((love_network.FREE - 0.01, False), (love_network.FREE, True)):
        network.zero_grad()
        network.loss(pieces, share).backward()
        assert (first.grad is not None) == learned


def test_what_lies_behind_an_episode_says_nothing_of_its_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames behind the end are boundaries, which are neither counted nor read by segments before them."""
    torch.manual_seed(0)
    network = Love(3, 2, 4.0).eval()
    monkeypatch.setattr(Love, "_sampled", lambda self, logits, share: torch.zeros_like(logits))
    inside = torch.ones(2, 8)
    inside[:, 5:] = 0
    seen, done = torch.randn(2, 8, 3), torch.randn(2, 8, 2)
    other = Pieces(seen, done + 9 * (1 - inside)[..., None], inside)
    one = network.loss(Pieces(seen, done, inside), 0.0)
    torch.testing.assert_close(network.loss(other, 0.0), one)
