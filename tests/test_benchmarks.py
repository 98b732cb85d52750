"""The references of benchmarks compute what ours do, and benchmarks/gpu.py runs. No time is judged."""

import importlib
import json
from pathlib import Path

import pytest
import torch

from keyin_cli.planning.servos.servo import Settings as Servo
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


def test_the_steps_of_a_recipe_are_extrapolated_on_the_device_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    out = tmp_path / "gpu.json"
    keys = ["--set", "pretrain.steps=3000", "--set", "device=cpu"]
    words = ["tiny/brownian", "--steps", "2", "--warm", "1", "--modes", "float32", "bfloat16", *keys, "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["gpu.py", *words])
    importlib.import_module("gpu").main()
    made = json.loads(out.read_text())
    assert [(row["stage"], row["mode"], row["recipe_steps"]) for row in made["rows"]] == [
        ("interpolator", "float32", 3000),
        ("interpolator", "bfloat16", 3000),
        ("keyin", "float32", 40),
        ("keyin", "bfloat16", 40),
    ]
    for row in made["rows"]:
        assert row["minutes"] == pytest.approx(row["recipe_steps"] / row["steps_per_second"] / 60, rel=0.05, abs=0.1)
        assert 0 <= row["waiting"] <= 1
    assert made["device"]["type"] == "cpu"


def test_the_plain_loop_of_the_servo_chooses_the_same_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    benchmark = importlib.import_module("plan")
    result = benchmark.measure(Servo(samples=20, iterations=2, elite_fraction=0.2), episodes=3, plain=2, steps=6)
    assert result["actions_equal"]
    assert result["actions"] == {"ours": 18, "plain": 12}
    assert result["ratio"] > 0
