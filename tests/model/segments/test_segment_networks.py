"""The networks: shapes, gradients, and identities of their parts."""

import pytest
import torch

from keyin_cli.model.segments.compile_network import Compile
from keyin_cli.model.segments.latents import Gaussian
from keyin_cli.model.segments.learning import Pieces, Segmenter
from keyin_cli.model.segments.love_network import Love
from keyin_cli.model.segments.vta_network import Vta

NETWORKS = [lambda: Compile(3, 2, 4.0), lambda: Vta(3), lambda: Love(3, 2, 4.0)]


def pieces(length: int = 9, count: int = 4) -> Pieces:
    inside = torch.ones(count, length)
    inside[0, length // 2 + 1 :] = 0
    return Pieces(torch.randn(count, length, 3) * inside[..., None], torch.randn(count, length, 2) * inside[..., None], inside)


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("length", [1, 2, 9])
def test_every_weight_learns(make, length: int) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    network: Segmenter = make().train()
    loss = network.loss(pieces(length), 0.6)
    assert loss.shape == ()
    loss.backward()
    slopes = {name: value.grad for name, value in network.named_parameters()}
    assert all(slope is None or torch.isfinite(slope).all() for slope in slopes.values())
    if length == 9:
        assert [name for name, slope in slopes.items() if slope is None] == []


@pytest.mark.parametrize("make", NETWORKS)
def test_what_lies_behind_an_episode_does_not_count(make) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    network: Segmenter = make().eval()
    some = pieces(12)
    short = Pieces(some.seen[:1, :7], some.done[:1, :7], some.inside[:1, :7])
    assert short.inside.all()
    assert torch.isfinite(network.loss(Pieces(some.seen[:1], some.done[:1], some.inside[:1]), 0.0))
    if isinstance(network, Compile):
        assert network._read(short)[1].tolist() == [[False] + [True] * 7]
        assert network._read(Pieces(some.seen[:1], some.done[:1], some.inside[:1]))[1][0, 8:].any().item() is False


def test_boundaries_of_compile_go_on_and_end_before_the_end() -> None:
    torch.manual_seed(0)
    network = Compile(3, 2, 4.0).eval()
    episode = Pieces(torch.randn(1, 15, 3), torch.randn(1, 15, 2), torch.ones(1, 15))
    found = network.boundaries(episode, 15)
    assert found == sorted(set(found))
    assert all(0 < each < 15 for each in found)
    assert network.boundaries(episode, 2) == found[:2]


def test_divergences_of_gaussians() -> None:
    one, other = Gaussian(torch.tensor([1.0, 0]), torch.tensor([0.5, 1])), Gaussian(torch.zeros(2), torch.tensor([0.8, 0.7]))
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(one.mean, one.deviation), torch.distributions.Normal(other.mean, other.deviation)
    ).sum()
    torch.testing.assert_close(one.divergence(other), expected)
    assert one.divergence(one).item() == 0
