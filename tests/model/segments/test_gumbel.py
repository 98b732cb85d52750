"""Relaxed samples against what they relax."""

import math

import torch

from keyin_cli.model.segments import gumbel


def test_choices_follow_their_logits_and_never_take_what_cannot_be() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([0.0, math.log(3.0), -1e9]).expand(4000, 3)
    samples = gumbel.one_of_many(logits, torch.rand(4000, 3), 0.5)
    torch.testing.assert_close(samples.sum(-1), torch.ones(4000))
    often = torch.nn.functional.one_hot(samples.argmax(-1), 3).float().mean(0)
    torch.testing.assert_close(often, torch.tensor([0.25, 0.75, 0.0]), atol=0.03, rtol=0)
