"""The three networks: shapes, gradients, and identities of their parts."""

import pytest
import torch
from torch import Tensor

from keyin_cli.model.segments.compile_network import Compile
from keyin_cli.model.segments.latents import Gaussian
from keyin_cli.model.segments.learning import Pieces, Segmenter
from keyin_cli.model.segments.love_network import Love, kept
from keyin_cli.model.segments.vta_network import Vta

NETWORKS = [lambda: Compile(3, 2, 4.0), lambda: Vta(3), lambda: Love(3, 2)]


def pieces(length: int = 9, count: int = 4) -> Pieces:
    inside = torch.ones(count, length)
    inside[0, length // 2 + 1 :] = 0
    return Pieces(torch.randn(count, length, 3) * inside[..., None], torch.randn(count, length, 2) * inside[..., None], inside)


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("length", [1, 2, 9])
def test_every_weight_learns(make, length: int) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    network: Segmenter = make().train()
    for share in (0.0, 0.6, 0.7):
        loss = network.loss(pieces(length), share)
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


def one_by_one(skills: Tensor, begins: Tensor) -> Tensor:
    skill, found = skills[:, 0], [skills[:, 0]]
    for new, read in zip(skills[:, 1:].unbind(1), begins[:, 1:, None].unbind(1), strict=True):
        skill = read * new + (1 - read) * skill
        found.append(skill)
    return torch.stack(found, 1)


def test_kept_skills_are_those_of_the_recursion_and_so_are_their_gradients() -> None:
    torch.manual_seed(0)
    skills, weights = torch.randn(3, 9, 4, requires_grad=True), torch.randn(3, 9, 4)
    begins = (torch.rand(3, 9) < 0.4).float()
    begins[:, 0] = 1
    begins.requires_grad_()
    torch.testing.assert_close(kept(skills, begins), one_by_one(skills, begins))
    ours = torch.autograd.grad((kept(skills, begins) * weights).sum(), (skills, begins))
    theirs = torch.autograd.grad((one_by_one(skills, begins) * weights).sum(), (skills, begins))
    torch.testing.assert_close(ours[0], theirs[0])
    torch.testing.assert_close(ours[1][:, 1:], theirs[1][:, 1:])


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


def test_a_frame_at_which_no_segment_was_drawn_can_still_learn_to_begin_one() -> None:
    torch.manual_seed(0)
    network, some = Love(3, 2).eval(), pieces()
    logits = torch.full((4, 9), -4.0, requires_grad=True)
    network._detected = lambda encoded, action: logits  # type: ignore[method-assign]
    (slope,) = torch.autograd.grad(network.loss(some, 0.0), logits)
    assert (slope[1:, 1:] != 0).float().mean() > 0.5  # but for frames whose skill would be the same


def test_compression_begins_in_the_second_half_and_only_while_actions_are_predicted() -> None:
    network = Love(3, 2)
    for step in range(51):
        network._weigh(1.0, step / 100)
    assert network.weight == 0
    bound = network.bound
    for step in range(51, 61):
        network._weigh(0.0, step / 100)
    assert 0 < network.weight < 1.8 / 4
    high = network.weight
    for step in range(61, 90):
        network._weigh(100.0, step / 100)
    assert network.bound == bound
    assert 0 <= network.weight < high
