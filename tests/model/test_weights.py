from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from keyin_cli.errors import InputError
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.weights import load_model, save_weights, tensors_sha256
from keyin_cli.recipe import check

SMALL = {"name": "small", "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}, "latent": 4}}
RECIPE = check(SMALL)


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
