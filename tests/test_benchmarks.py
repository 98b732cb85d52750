"""The references of benchmarks/train_step.py and benchmarks/plan.py compute what ours does. No time is judged."""

import importlib
from pathlib import Path

import pytest
import torch

from keyin_cli.planning.controllers import Servo
from keyin_cli.recipe import load

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.mark.parametrize(
    ("part", "overrides"),
    [
        ("interpolator", []),
        ("interpolator", ["model.interpolator={kind: stochastic, latent: 3}", "pretrain.weights.embeddings=0.1"]),
        ("keyin", ["train.objective=search"]),
        ("keyin", ["train.objective=soft-embeddings", "model.interpolator={kind: stochastic, latent: 3}"]),
        ("keyin", ["train.objective=soft-pixels", "model.codec={kind: conv, embedding: 8, channels: [2, 4]}"]),
    ],
)
def test_the_reference_of_a_training_step_is_the_same_mathematics(
    part: str, overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    benchmark = importlib.import_module("train_step")
    stage, batch, reference = benchmark.prepare(load("tiny/brownian", overrides), part)
    difference = benchmark.differences(stage, batch, reference)
    assert {"sequence", "kl", "gradient"} < difference.keys()
    assert benchmark.equal(difference), difference
    assert all(torch.isfinite(value) and (name == "kl" or value != 0) for name, value in reference(batch).items())


def test_the_plain_loop_of_the_servo_chooses_the_same_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    benchmark = importlib.import_module("plan")
    result = benchmark.measure(Servo(samples=20, iterations=2, elite_fraction=0.2), episodes=3, plain=2, steps=6)
    assert result["actions_equal"]
    assert result["actions"] == {"ours": 18, "plain": 12}
    assert result["ratio"] > 0
