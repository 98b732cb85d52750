"""Codes of skills and what they cost."""

import math

import pytest
import torch

from keyin_cli.model.segments import coding


def test_only_frames_at_which_segments_begin_are_counted() -> None:
    chances = torch.tensor([[[1.0, 0], [0, 1], [0.5, 0.5], [0, 1]]])
    begins = torch.tensor([[1.0, 0, 1, 0]])
    assert coding.usage(chances, begins).tolist() == [0.75, 0.25]
    entropy = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert coding.description(chances, begins).item() == pytest.approx(2 * entropy, rel=1e-5)


def test_one_skill_for_all_costs_nothing_and_a_boundary_less_costs_less() -> None:
    same = torch.tensor([1.0, 0]).expand(1, 4, 2)
    assert coding.description(same, torch.ones(1, 4)).item() == pytest.approx(0, abs=1e-6)
    mixed = torch.full((1, 4, 2), 0.5)
    many, few = torch.tensor([[1.0, 1, 1, 1]]), torch.tensor([[1.0, 0, 1, 0]])
    assert coding.description(mixed, many).item() == pytest.approx(4 * math.log(2), rel=1e-5)
    assert coding.description(mixed, few).item() == pytest.approx(2 * math.log(2), rel=1e-5)
