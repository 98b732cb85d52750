"""Checkpoints: safetensors and JSON, from which a run continues exactly.

A checkpoint is a directory `checkpoints/step-<n>` with `model.safetensors`, `optimizer.safetensors` and `state.json`. It is
written beside, fsynced and renamed; the file `latest` that names it is replaced last. All randomness is a function of
(seed, step), so the step is the whole random state.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.model.weights import Tensors, load_tensors


def save_checkpoint(folder: Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Write the checkpoint of a step, point `latest` at it, then drop the older ones."""
    target = folder / f"step-{step:09d}"
    moments = optimizer.state_dict()["state"]

    def fill(beside: Path) -> None:
        beside.mkdir()
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, beside / "model.safetensors")
        flat = {f"{index}.{name}": value.contiguous() for index, moment in moments.items() for name, value in moment.items()}
        save_file(flat, beside / "optimizer.safetensors")
        (beside / "state.json").write_text(json.dumps({"step": step, **state}))

    storage.replace(target, fill)
    storage.write(folder / storage.LATEST, target.name)
    for older in folder.glob("step-*"):
        if older != target:
            storage.remove(older)


def load_checkpoint(folder: Path, model: nn.Module) -> dict[str, Any]:
    """Restore a model from the latest checkpoint. Returns its state, with the step; empty when there is none.

    Raises:
        InputError: it is damaged or belongs to another model.
    """
    pointer = folder / storage.LATEST
    if not pointer.is_file():
        return {}
    source = folder / pointer.read_text()
    state: dict[str, Any] = storage.read_json(source / "state.json")
    load_tensors(model, _read(source / "model.safetensors"), source)
    return state


def load_moments(folder: Path, optimizer: torch.optim.Optimizer) -> None:
    """Restore an optimizer from the latest checkpoint, which is there.

    Raises:
        InputError: it is damaged.
    """
    moments: dict[int, Tensors] = {}
    for name, value in _read(folder / (folder / storage.LATEST).read_text() / "optimizer.safetensors").items():
        index, _, key = name.partition(".")
        moments.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _read(path: Path) -> Tensors:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, FileNotFoundError) as error:
        raise InputError(f"checkpoint {path} is damaged ({error}): start again with --overwrite") from None
