"""Soft masks of CompILE where they are hard, and its prior."""

import math

import pytest
import torch
from torch.nn.functional import one_hot

from keyin_cli.model.segments import masks


def at(*frames: int) -> torch.Tensor:
    return one_hot(torch.tensor(frames), 6).float()


def test_segments_of_hard_boundaries_follow_one_another_and_cover_all() -> None:
    whole = torch.ones(1, 6)
    first, second, end = at(2), at(4), at(5)
    one = masks.within(first, whole)
    two = masks.within(second, masks.behind([first]))
    three = masks.within(end, masks.behind([first, second]))
    assert one.tolist() == [[1, 1, 0, 0, 0, 0]]
    assert two.tolist() == [[0, 0, 1, 1, 0, 0]]
    assert three.tolist() == [[0, 0, 0, 0, 1, 0]]


def test_a_segment_that_would_end_before_it_begins_is_empty() -> None:
    late, early = at(4), at(1)
    assert masks.within(early, masks.behind([late])).sum() == 0
    assert masks.behind([late, early]).tolist() == masks.behind([late]).tolist()


def test_masks_of_soft_boundaries_add_up_to_what_lies_before_the_end() -> None:
    torch.manual_seed(0)
    boundaries = [torch.randn(3, 6).softmax(-1) for _ in range(3)]
    mask, total = torch.ones(3, 6), torch.zeros(3, 6)
    for index, boundary in enumerate(boundaries):
        total = total + masks.within(boundary, mask)
        mask = masks.behind(boundaries[: index + 1])
    torch.testing.assert_close(total + mask, torch.ones(3, 6))


def test_the_prior_is_poissons_of_the_frames_before_a_boundary() -> None:
    chances = masks.poisson(40, 5.0).exp()
    assert chances.sum().item() == pytest.approx(1)
    assert chances[3].item() == pytest.approx(math.exp(-5) * 5**3 / 6, rel=1e-5)
    assert (chances * torch.arange(40)).sum().item() == pytest.approx(5, rel=1e-4)


def test_divergence_is_zero_from_itself_and_finite_where_something_cannot_be() -> None:
    prior = masks.poisson(6, 2.0)
    assert masks.divergence(prior[None], prior).item() == pytest.approx(0, abs=1e-6)
    logits = torch.zeros(1, 6, requires_grad=True)
    masked = logits.masked_fill(torch.arange(6) < 3, masks.NEVER)
    value = masks.divergence(masked, prior).sum()
    assert value.item() == pytest.approx(-math.log(3) - prior[3:].mean().item(), rel=1e-5)
    value.backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
