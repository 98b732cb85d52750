from pathlib import Path

import numpy as np
import pytest
import torch

from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.recipe import Recipe, check
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.interpolator import InterpolatorStage, sample_segments

FRAMES = draw(BrownianData(), simulate(BrownianData(), np.arange(40)).states)


def recipe(*overrides: str) -> Recipe:
    tree = {"name": "small", "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}}}
    return check(tree, ["pretrain.batch=200", *overrides])


def fresh(*overrides: str) -> InterpolatorStage:
    frames = {"train": FRAMES, "val": FRAMES}
    return InterpolatorStage(Material(recipe(*overrides), frames, torch.device("cpu"), Path("nothing is searched")))


def test_segments_are_pieces_of_sequences() -> None:
    numbered = np.arange(40 * 35).reshape(40, 35, 1, 1, 1)
    segments = sample_segments(numbered, recipe("pretrain.lengths=[2, 8]"), 0, step=5)
    assert set(segments.lengths) == set(range(2, 9))
    np.testing.assert_array_equal(segments.end - segments.start, segments.lengths[:, None, None, None])
    position = 0
    for start, length in zip(segments.start.ravel(), segments.lengths, strict=True):
        assert start // 35 == (start + length) // 35  # one sequence
        np.testing.assert_array_equal(segments.inner[position : position + length].ravel(), start + 1 + np.arange(length))
        position += length
    assert position == len(segments.inner)


def test_every_place_of_a_sequence_is_used() -> None:
    numbered = np.arange(40 * 35).reshape(40, 35, 1, 1, 1)
    steps = [sample_segments(numbered, recipe(), 0, step) for step in range(5)]
    assert {int(frame) % 35 for each in steps for frame in each.inner.ravel()} == set(range(1, 35))


@pytest.mark.parametrize("kind", ["{kind: deterministic}", "{kind: stochastic, latent: 3}"])
def test_every_parameter_learns(kind: str) -> None:
    stage = fresh(f"model.interpolator={kind}")
    terms, weights = stage.terms(stage.batch(0)), stage.weights(0)
    sum(weights[name] * term for name, term in terms.items()).backward()
    assert all(parameter.grad is not None for parameter in stage.model.parameters())
    assert (terms["kl"] > 0) == ("stochastic" in kind)


def test_untrained_frames_cost_what_the_mean_pixel_costs() -> None:
    stage = fresh()
    p = FRAMES.mean() / 255
    entropy = -1024 * (p * np.log(p) + (1 - p) * np.log1p(-p))
    assert stage.terms(stage.batch(0))["sequence"].item() == pytest.approx(entropy, rel=0.15)
