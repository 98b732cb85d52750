from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from keyin_cli.errors import InputError
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.recipe import check
from keyin_cli.training.checkpoint import load_checkpoint, load_model, save_checkpoint, save_weights, tensors_sha256

SMALL = {"name": "small", "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4}}
RECIPE = check(SMALL)


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.ones(2, 3)).square().sum().backward()
    optimizer.step()


def test_weights_carry_their_recipe(tmp_path: Path) -> None:
    for stage, model in (("interpolator", Foundation(RECIPE)), ("keyin", KeyIn(RECIPE))):
        sha256 = save_weights(tmp_path / "w.safetensors", model, stage, RECIPE)
        loaded, recipe = load_model(tmp_path / "w.safetensors")
        assert type(loaded) is type(model)
        assert recipe == RECIPE
        assert tensors_sha256(dict(loaded.state_dict())) == sha256
        assert not loaded.training


def test_the_hash_sees_names_shapes_and_values() -> None:
    base = {"a": torch.zeros(2, 3)}
    others = [{"b": torch.zeros(2, 3)}, {"a": torch.zeros(3, 2)}, {"a": torch.zeros(2, 3).index_fill(0, torch.tensor(1), 1e-7)}]
    assert len({tensors_sha256(tensors) for tensors in [base, *others]}) == 4


def test_a_checkpoint_restores_model_and_moments(tmp_path: Path) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    step(model, optimizer)
    save_checkpoint(tmp_path, 1, model, optimizer, {"seconds": 2.0})
    step(model, optimizer)
    other = nn.Linear(3, 1)
    other_optimizer = torch.optim.Adam(other.parameters(), lr=0.1)
    state = load_checkpoint(tmp_path, other, other_optimizer)
    assert state == {"step": 1, "seconds": 2.0}
    step(other, other_optimizer)
    torch.testing.assert_close(other.weight, model.weight, rtol=0, atol=0)


def test_only_the_latest_checkpoint_stays_and_half_written_ones_do_not_count(tmp_path: Path) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters())
    step(model, optimizer)
    assert load_checkpoint(tmp_path, model, optimizer) is None
    for number in (1, 2):
        save_checkpoint(tmp_path, number, model, optimizer, {})
    (tmp_path / ".step-000000003.partial").mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".step-000000003.partial", "latest", "step-000000002"]
    state = load_checkpoint(tmp_path, model, optimizer)
    assert state is not None
    assert state["step"] == 2


def test_foreign_and_damaged_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, file)
    with pytest.raises(InputError, match="weights of another program"):
        load_model(file)
    save_weights(file, KeyIn(RECIPE), "keyin", RECIPE)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputError, match="damaged or no safetensors file"):
        load_model(file)
    save_weights(file, Foundation(RECIPE), "interpolator", check(SMALL, ["model.lstm.units=8"]))
    with pytest.raises(InputError, match="belongs to another model"):
        load_model(file)
