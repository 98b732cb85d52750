"""Precision and compilation change figures by rounding only; several processes train as one does."""

from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.errors import InputError
from keyin_cli.methods.registry import stage as spec
from keyin_cli.model.keyin import Foundation
from keyin_cli.recipe import Recipe, check
from keyin_cli.training.engine import move, pin, seeded, training_forward
from keyin_cli.training.phase import Phase
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.interpolator import InterpolatorStage
from keyin_cli.training.stages.keyin import keyframe_phases
from keyin_cli.training.stages.surprise import SurpriseStage
from keyin_cli.training.step import part_of

FRAMES = draw(BrownianData(), simulate(BrownianData(), np.arange(40)).states)
CPU = torch.device("cpu")
MLP, CONV = "model.codec={kind: mlp, embedding: 8, hidden: [16]}", "model.codec={kind: conv, embedding: 8, channels: [4, 4, 8]}"
CASES = [
    ("interpolator", CONV, "model.interpolator={kind: stochastic, latent: 3}"),
    ("keyin", CONV, "train.objective=soft-pixels"),
    ("keyin", MLP, "train.objective=soft-embeddings"),
    ("keyin", MLP, "train.objective=search"),
    ("surprise", MLP, "surprise.weights.kl=1"),
]


def stage(name: str, cache: Path, *overrides: str) -> Phase:
    batches = [f"{section}.batch=6" for section in ("pretrain", "train", "surprise")]
    recipe: Recipe = check({"name": "small", "model": {"lstm": {"units": 16}, "latent": 4}}, [*batches, *overrides])
    frames = {"train": FRAMES, "val": FRAMES[:10]}
    material = Material(recipe, frames, CPU, cache, dict(seeded(1, lambda: Foundation(recipe)).state_dict()))
    if name == "interpolator":
        return InterpolatorStage(material)
    return SurpriseStage(material, 1.0) if name == "surprise" else keyframe_phases(material)[0]


def results(work: Phase) -> tuple[dict[str, float], torch.Tensor]:
    """Terms, and the gradient of the loss in one piece."""
    terms, weights = training_forward(work, CPU)(work.batch(0)), work.weights(0)
    assert all(term.dtype == torch.float32 for term in terms.values())
    work.model.zero_grad(set_to_none=True)
    torch.stack([weights[name] * term for name, term in terms.items() if name in weights]).sum().backward()
    gradients = [parameter.grad for parameter in work.model.parameters() if parameter.grad is not None]
    assert all(gradient.dtype == torch.float32 for gradient in gradients)
    return {name: float(term.detach()) for name, term in terms.items()}, torch.cat([each.flatten() for each in gradients])


@pytest.mark.parametrize(("name", "codec", "key"), CASES)
def test_bfloat16_is_close_and_the_weights_stay_float32(name: str, codec: str, key: str, tmp_path: Path) -> None:
    exact, gradient = results(stage(name, tmp_path, codec, key))
    work = stage(name, tmp_path, codec, key, "precision=bfloat16")
    rounded, other = results(work)
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.03, abs=0.01)
    assert float(nn.functional.cosine_similarity(gradient, other, dim=0)) > 0.98
    assert all(value.dtype != torch.bfloat16 for value in work.model.state_dict().values())


def test_compilation_changes_nothing_but_rounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Captured by torch.compile but not translated to C++, which takes minutes."""
    exact, gradient = results(stage("interpolator", tmp_path, MLP))
    captured = partialmethod(nn.Module.compile, backend="eager")
    monkeypatch.setattr(nn.Module, "compile", captured)
    counted = torch._dynamo.utils.counters
    counted.clear()
    compiled, other = results(stage("interpolator", tmp_path, MLP, "compile=true"))
    assert counted["frames"]["ok"] > 0
    assert compiled == pytest.approx(exact, rel=1e-5)
    torch.testing.assert_close(other, gradient)


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize(("name", "codec", "key"), CASES)
def test_the_parts_of_several_processes_add_up_to_the_batch(
    name: str, codec: str, key: str, world: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Means over frames and segments too, of which the processes have different numbers."""
    work = stage(name, tmp_path, codec, key)
    whole = {term: float(value.detach()) for term, value in work.terms(work.batch(3)).items()}
    added = dict.fromkeys(whole, 0.0)
    monkeypatch.setenv("WORLD_SIZE", str(world))
    for rank in range(world):
        monkeypatch.setenv("RANK", str(rank))
        part = part_of(work, 3, CPU)
        assert len(part.batch["noise"]) in (6 // world, -(-6 // world))
        for term, value in work.terms(part.batch).items():
            added[term] += part.shares.get(term, part.of_sequences) * float(value.detach())
    assert added == pytest.approx(whole, rel=1e-4, abs=1e-6)


def test_more_processes_than_sequences_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "7")
    with pytest.raises(InputError, match=r"pretrain.batch: 6 sequences do not divide among 7 processes"):
        part_of(stage("interpolator", tmp_path), 0, CPU)


def test_precision_belongs_to_what_decides_a_result_and_compilation_does_not() -> None:
    plain, compiled, rounded = (check({"name": "a"}, keys) for keys in ([], ["compile=true"], ["precision=bfloat16"]))
    for name in ("interpolator", "keyin", "surprise"):
        part = spec(name).part
        assert part(plain) == part(compiled) != part(rounded)


def test_nothing_is_pinned_or_copied_on_a_cpu(tmp_path: Path) -> None:
    batch = stage("interpolator", tmp_path).batch(0)
    assert all(value is batch[name] for name, value in move(pin(batch, CPU), CPU).items())
