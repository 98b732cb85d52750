import os
from pathlib import Path

import pytest
import torch
from torch import nn

from keyin_cli.errors import InputError
from keyin_cli.model.weights import (
    load_tensors,
    read_header,
    read_weights,
    save_tensors,
    save_weights,
    tensors_sha256,
    untrained,
)
from keyin_cli.recipe import check


def test_the_hash_sees_names_shapes_and_values() -> None:
    base = {"a": torch.zeros(2, 3)}
    others = [{"b": torch.zeros(2, 3)}, {"a": torch.zeros(3, 2)}, {"a": torch.zeros(2, 3).index_fill(0, torch.tensor(1), 1e-7)}]
    assert len({tensors_sha256(tensors) for tensors in [base, *others]}) == 4


RECIPE = check({"name": "small", "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}, "lstm": {"units": 16}}})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_weights(tmp_path / "weights.safetensors", nn.Linear(2, 3), "keyin", RECIPE)
    return tmp_path / "weights.safetensors"


def test_others_may_read_weights(file: Path) -> None:
    usual = file.with_name("usual")
    usual.touch()
    assert file.stat().st_mode == usual.stat().st_mode


def test_the_header_says_what_there_is(file: Path) -> None:
    kinds, metadata = read_header(file)
    assert kinds == {"weight": (torch.float32, (3, 2)), "bias": (torch.float32, (3,))}
    assert (metadata["stage"], metadata["recipe"]["name"]) == ("keyin", "small")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_damaged(value: float, file: Path) -> None:
    tensors, metadata = read_weights(file)
    tensors["bias"][1] = value
    save_tensors(file, tensors, metadata)
    with pytest.raises(InputError, match=r"weights.safetensors is damaged \(bias is not finite\)"):
        read_weights(file)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16, torch.int32, torch.complex64])
def test_kinds_of_tensors_that_no_weights_have(kind: torch.dtype, file: Path) -> None:
    tensors, metadata = read_weights(file)
    save_tensors(file, tensors | {"bias": tensors["bias"].to(kind)}, metadata)
    for read in (read_weights, read_header):
        with pytest.raises(InputError, match="belongs to another program"):
            read(file)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"bias": torch.zeros(4)}, r"size mismatch: bias is \(4,\), expected \(3,\)"),
        ({"bias": torch.zeros(3, dtype=torch.int64)}, "bias is torch.int64, expected torch.float32"),
        ({"more": torch.zeros(3)}, "more is unknown to its recipe"),
    ],
)
def test_tensors_of_another_model(change: dict[str, torch.Tensor], what: str, file: Path) -> None:
    tensors, _ = read_weights(file)
    model = nn.Linear(2, 3)
    load_tensors(model, {name: value.half() for name, value in tensors.items()}, file)  # as they are published
    with pytest.raises(InputError, match=what):
        load_tensors(model, tensors | change, file)
    with pytest.raises(InputError, match="bias is missing"):
        load_tensors(model, {"weight": tensors["weight"]}, file)


def test_nothing_is_allocated_before_the_sizes_were_compared(file: Path) -> None:
    kinds, _ = read_header(file)
    built = []

    def build(size: int) -> nn.Module:
        built.append(torch.get_default_device().type)
        return nn.Linear(2, size)

    assert torch.zeros_like(untrained(lambda: build(3), kinds, file).weight).device.type == "cpu"
    assert built == ["meta", "cpu"]
    with pytest.raises(InputError, match="size mismatch"):
        untrained(lambda: build(10**12), kinds, file)
    assert built == ["meta", "cpu", "meta"]
    with pytest.raises(InputError, match="its recipe gives no model"):
        untrained(lambda: build(2**62), kinds, file)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nothing", "."):
        with pytest.raises(InputError, match="is damaged or no safetensors file"):
            read_weights(tmp_path / name)
