"""Algorithm 3: peaks first, then the largest of the rest."""

import numpy as np
import pytest
import torch

from keyin_cli.datasets.brownian import draw, simulate
from keyin_cli.discovery.surprise import peaks, surprise
from keyin_cli.model.svg import Svg
from keyin_cli.recipe import BrownianData, check


@pytest.mark.parametrize(
    ("scores", "count", "expected"),
    [
        ([0, 3, 0, 2, 0, 1, 0], 2, [1, 3]),  # the largest peaks
        ([0, 9, 8, 7, 0, 1, 0], 2, [1, 5]),  # a small peak goes before a large slope
        ([0, 9, 8, 7, 0, 1, 0], 3, [1, 2, 5]),  # then the largest that is no peak
        ([5, 1, 1, 1, 1, 1, 4], 2, [0, 6]),  # ends have one neighbour
        ([1, 1, 1], 1, [0]),  # nothing stands out
        ([5, 1, 3, 1, 4], 2, [0, 4]),  # ends are peaks too
        ([0, 3, 3, 0, 1, 0], 1, [4]),  # of two neighbours that are equal neither is a peak
    ],
)
def test_peaks(scores: list[float], count: int, expected: list[int]) -> None:
    np.testing.assert_array_equal(np.flatnonzero(peaks(np.array([scores], dtype=float), count)[0]), expected)


def test_surprise_looks_back_only() -> None:
    recipe = check({"name": "small", "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}}})
    torch.manual_seed(0)
    model = Svg(recipe).eval()
    frames = draw(BrownianData(), simulate(BrownianData(), np.arange(3)).states)
    scores = surprise(model, frames, torch.device("cpu"))
    assert scores.shape == (3, 34)
    assert (scores >= 0).all()
    np.testing.assert_allclose(surprise(model, frames[:, :20], torch.device("cpu")), scores[:, :19], rtol=1e-4, atol=1e-6)
