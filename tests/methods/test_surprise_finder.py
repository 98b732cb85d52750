"""Surprise along whole episodes: the frame before the surprising one, and as many as M of a window."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from keyin_cli.methods import surprise
from keyin_cli.recipe.recipe import Window

WINDOW = Window(conditioning=1, predicted=9, keyframes=2, max_offset=5)


class Svg:
    """Is as surprised by a frame as it is brighter than the one before."""

    def surprise(self, images: torch.Tensor) -> torch.Tensor:
        return (images[:, 1:] - images[:, :-1]).clamp_min(0)[..., 0, 0, 0] * 255


def episode(length: int, rises: dict[int, int]) -> np.ndarray:
    """Frames that get brighter at some of them, by so much."""
    values = np.cumsum([rises.get(frame, 0) for frame in range(length)])
    return np.broadcast_to(values[:, None, None, None], (length, 2, 2, 1)).astype(np.uint8)


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> surprise.SurpriseFinder:
    monkeypatch.setattr(surprise, "trained_svg", lambda models: Svg())
    training = np.stack([episode(10, {3: 20, 5: 30, 8: 9}), episode(10, {4: 25, 7: 11})])
    sources: Any = SimpleNamespace(models={}, recipe=SimpleNamespace(window=WINDOW), device=torch.device("cpu"))
    sources.training = lambda: training
    return surprise.SurpriseFinder(sources)


def test_the_frame_before_the_surprising_one_wherever_windows_lie(finder: surprise.SurpriseFinder) -> None:
    frames = episode(40, {7: 30, 20: 40, 33: 50})
    evidence = finder.look(lambda begin, end: frames[begin:end], len(frames))
    assert np.flatnonzero(evidence).tolist() == [6, 19, 32]
    np.testing.assert_allclose(evidence[[6, 19, 32]], [30, 40, 50], rtol=1e-4)
    assert np.flatnonzero(finder.select(evidence, finder.setting([evidence], 2))[0]).tolist() == [19, 32]


def test_as_many_as_m_of_a_training_window(finder: surprise.SurpriseFinder) -> None:
    """Four of five peaks in two windows are two of each on average."""
    assert finder.usual == pytest.approx(9, abs=1e-3)  # just above the least of the five
    frames = episode(30, {10: 8, 20: 12})
    evidence = finder.look(lambda begin, end: frames[begin:end], len(frames))
    assert np.flatnonzero(finder.select(evidence, finder.usual)[0]).tolist() == [19]
