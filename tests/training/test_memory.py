"""Memory that training takes: counted and measured before it is taken."""

import pytest
import torch

from keyin_cli import machine, recipe
from keyin_cli.errors import InputError
from keyin_cli.methods.registry import stage
from keyin_cli.training import estimate, memory

CPU = torch.device("cpu")


def needed(batch: int, name: str = "interpolator", section: str = "pretrain") -> int:
    settings = recipe.load("tiny/brownian", [f"{section}.batch={batch}"])
    return memory.needed(estimate.fresh(settings, stage(name), CPU), CPU)


def count(model: torch.nn.Module) -> int:
    return sum(value.numel() for value in model.parameters())


@pytest.mark.parametrize(("name", "section"), [("interpolator", "pretrain"), ("surprise", "surprise")])
def test_a_batch_is_measured_by_a_few_of_its_sequences(name: str, section: str) -> None:
    """Sequences of stage 1 are of different lengths, so it is about right only."""
    one, many, more = (needed(batch, name, section) for batch in (4, 64, 1024))
    assert (more - many) / (1024 - 64) == pytest.approx((many - one) / 60, rel=0.5)
    settings = recipe.load("tiny/brownian", [f"{section}.batch=64"])
    (phase,) = estimate.fresh(settings, stage(name), CPU)
    phase.begin()
    kept = memory._measured(phase.terms, phase.batch(0), CPU, memory._places(phase))
    assert kept + 16 * count(phase.model) == pytest.approx(many, rel=0.5)


def test_what_is_counted_is_less_than_what_is_measured() -> None:
    for name in ("interpolator", "keyin", "surprise"):
        settings = recipe.load("tiny/brownian")
        phases = estimate.fresh(settings, stage(name), CPU)
        assert memory._least(settings, stage(name)) < 2 * memory.needed(phases, CPU)


def test_a_batch_that_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = recipe.load("tiny/brownian")
    phases = estimate.fresh(settings, stage("interpolator"), CPU)
    size = memory.check(phases, CPU) - 4 * count(phases[0].model)  # the weights are there already
    monkeypatch.setattr(machine, "free_memory", lambda: size)
    memory.check(phases, CPU)
    monkeypatch.setattr(machine, "free_memory", lambda: size - 1)
    with pytest.raises(InputError, match=r"training interpolator needs .* give a smaller pretrain\.batch with --set$"):
        memory.check(phases, CPU)


def test_weights_are_counted_once() -> None:
    """A layer keeps its weights for the gradient, too."""
    settings = recipe.load("tiny/brownian", ["pretrain.batch=1", "model.lstm.units=512"])
    phases = estimate.fresh(settings, stage("interpolator"), CPU)
    weights = 4 * count(phases[0].model)
    assert 4 * weights < memory.needed(phases, CPU) < 4.9 * weights


def test_what_torch_keeps_of_a_gpu_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1_000, 10_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 7_000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 2_000)
    assert memory._free(torch.device("cuda")) == 6_000


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("interpolator", "pretrain.batch=1000000000"),
        ("keyin", "train.batch=1000000000"),
        ("surprise", "surprise.batch=1000000000"),
        ("soft-pixels", "soft.batch=1000000000"),
        ("interpolator", "model.lstm.units=1000000"),
        ("interpolator", "model.lstm.units=1000000000"),  # more bytes than a number holds
        ("keyin", "window={predicted: 9995, keyframes: 9995, max_offset: 1000}"),
    ],
)
def test_sizes_alone(name: str, override: str) -> None:
    """Nothing of this size is made: the test would end here."""
    settings = recipe.load("tiny/brownian", ["data.frames=10000", override])
    with pytest.raises(InputError, match="GB are free"):
        memory.check_least(settings, stage(name))
    memory.check_least(recipe.load("tiny/brownian"), stage(name))
