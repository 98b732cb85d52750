"""The network: shapes, gradients, and identities of its parts."""

import pytest
import torch

from keyin_cli.model.segments.compile_network import Compile
from keyin_cli.model.segments.learning import Pieces


def pieces(length: int = 9, count: int = 4) -> Pieces:
    inside = torch.ones(count, length)
    inside[0, length // 2 + 1 :] = 0
    return Pieces(torch.randn(count, length, 3) * inside[..., None], torch.randn(count, length, 2) * inside[..., None], inside)


@pytest.mark.parametrize("length", [1, 2, 9])
def test_every_weight_learns(length: int) -> None:
    torch.manual_seed(0)
    network = Compile(3, 2, 4.0).train()
    loss = network.loss(pieces(length))
    assert loss.shape == ()
    loss.backward()
    slopes = {name: value.grad for name, value in network.named_parameters()}
    assert all(slope is None or torch.isfinite(slope).all() for slope in slopes.values())
    if length == 9:
        assert [name for name, slope in slopes.items() if slope is None] == []


def test_what_lies_behind_an_episode_does_not_count() -> None:
    torch.manual_seed(0)
    network, some = Compile(3, 2, 4.0).eval(), pieces(12)
    short = Pieces(some.seen[:1, :7], some.done[:1, :7], some.inside[:1, :7])
    assert short.inside.all()
    filled = Pieces(some.seen[:1], some.done[:1], some.inside[:1])
    assert torch.isfinite(network.loss(filled))
    assert network._read(short)[1].tolist() == [[False] + [True] * 7]
    assert network._read(filled)[1][0, 8:].any().item() is False


def test_boundaries_go_on_and_end_before_the_end() -> None:
    torch.manual_seed(0)
    network = Compile(3, 2, 4.0).eval()
    episode = Pieces(torch.randn(1, 15, 3), torch.randn(1, 15, 2), torch.ones(1, 15))
    found = network.boundaries(episode, 15)
    assert found == sorted(set(found))
    assert all(0 < each < 15 for each in found)
    assert network.boundaries(episode, 2) == found[:2]
