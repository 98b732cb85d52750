"""Pieces of episodes, and training that depends on its seed alone."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from keyin_cli.model.segments import learning


def episodes() -> list[tuple[np.ndarray, np.ndarray]]:
    made = []
    for index, n in enumerate((12, 5, 30)):
        frames = np.arange(n, dtype=np.float32) + 100 * (index + 1)
        made.append((frames[:, None] * np.ones((1, 2), np.float32), -frames[:, None]))
    return made


def test_pieces_are_cut_from_one_episode_and_zero_behind_its_end() -> None:
    pieces = learning.drawn(episodes(), np.random.default_rng(0), 64, 8)
    assert pieces.seen.shape == (64, 8, 2)
    assert pieces.done.shape == (64, 8, 1)
    owners = set()
    for seen, done, inside in zip(pieces.seen[..., 0], pieces.done[..., 0], pieces.inside, strict=True):
        n, owner = int(inside.sum()), int(seen[0]) // 100
        owners.add(owner)
        assert n == (5 if owner == 2 else 8)
        assert inside.tolist() == [1.0] * n + [0.0] * (8 - n)
        assert (seen[:n].diff() == 1).all()
        assert (done == -seen).all()
        assert (seen[n:] == 0).all()
    assert owners == {1, 2, 3}


def test_every_piece_can_be_drawn() -> None:
    pieces = learning.drawn(episodes()[:1], np.random.default_rng(0), 200, 10)
    assert sorted({int(first) for first in pieces.seen[:, 0, 0]}) == [100, 101, 102]


class Line(learning.Segmenter):
    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(2, 1)
        self.shares: list[float] = []

    def loss(self, pieces: learning.Pieces, share: float) -> Tensor:
        self.shares.append(share)
        noise = 0.01 * torch.randn_like(pieces.done)
        return learning.mean(learning.squared_error(self.line(pieces.seen) + noise, pieces.done), pieces.inside)


def test_training_is_a_function_of_its_seed_and_leaves_torchs_generator_alone(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(learning, "STEPS", 5)
    notes: list[str] = []
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one = learning.fit(Line, episodes(), 0, notes.append)
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(8)
    two, other = learning.fit(Line, episodes(), 0, notes.append), learning.fit(Line, episodes(), 1, notes.append)
    assert torch.equal(one.line.weight, two.line.weight)
    assert not torch.equal(one.line.weight, other.line.weight)
    assert len(notes) == 15
    assert one.shares == [0, 0.2, 0.4, 0.6, 0.8]
    assert not one.training


def test_errors_are_means_over_frames_of_episodes() -> None:
    predicted = torch.tensor([[[1.0, 2.0], [9.0, 9.0]]])
    errors = learning.squared_error(predicted, torch.zeros(1, 2, 2))
    assert errors[0, 0].item() == 2.5
    assert learning.mean(errors, torch.tensor([[1.0, 0.0]])).item() == 2.5


def test_a_gaussians_deviation_is_that_of_the_errors() -> None:
    torch.manual_seed(0)
    truth, inside = 3 * torch.randn(4, 50, 2), torch.ones(4, 50)
    inside[1, 20:] = 0
    errors, kept = learning.squared_error(torch.zeros_like(truth), truth), truth[inside > 0]
    best = torch.distributions.Normal(0, kept.square().mean().sqrt())
    expected = -best.log_prob(kept).sum(-1).mean() - (1 + math.log(2 * math.pi))  # a frame has two values
    torch.testing.assert_close(learning.log_error(errors, inside, 2), expected)
    assert learning.log_error(0 * errors, inside, 2).item() == pytest.approx(2 * math.log(learning.FINEST))
