"""Checkpoints: safetensors and JSON, from which a run continues exactly.

A checkpoint is a directory `checkpoints/step-<n>` with `model.safetensors`, `optimizer.safetensors` and `state.json`. It is
written beside, fsynced and renamed; the file `latest` that names it is replaced last. All randomness is a function of
(seed, step), so the step is the whole random state.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.torch import save_file
from torch import Tensor, nn

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.model.weights import Kind, Tensors, load_tensors, read_tensors, tensors_sha256

MODEL, MOMENTS, STATE = "model.safetensors", "optimizer.safetensors", "state.json"
AGAIN = "start again with --overwrite"


class State(BaseModel):
    """What `state.json` has. `sha256`: of the tensors of both files, by name; checkpoints from before it have none."""

    model_config = ConfigDict(strict=True, extra="allow")
    step: Annotated[int, Field(ge=1)]
    sha256: dict[str, str] = {}
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    waiting: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    peak_memory_bytes: Annotated[int, Field(ge=0)] = 0


def save_checkpoint(folder: Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Write the checkpoint of a step, point `latest` at it, then drop the older ones."""
    target = folder / f"step-{step:09d}"
    moments = optimizer.state_dict()["state"]
    files = {
        MODEL: {name: value.contiguous() for name, value in model.state_dict().items()},
        MOMENTS: {f"{index}.{name}": value.contiguous() for index, moment in moments.items() for name, value in moment.items()},
    }

    def fill(beside: Path) -> None:
        beside.mkdir()
        for name, tensors in files.items():
            storage.usual_mode(partial(save_file, tensors))(beside / name)
        hashes = {name: tensors_sha256(tensors) for name, tensors in files.items()}
        (beside / STATE).write_text(json.dumps({"step": step, "sha256": hashes, **state}))

    storage.replace(target, fill)
    storage.write(folder / storage.LATEST, target.name)
    for older in folder.glob("step-*"):
        if older != target:
            storage.remove(older)


def load_checkpoint(folder: Path, model: nn.Module, last: int) -> dict[str, Any]:
    """Restore a model from the latest checkpoint. Returns its state, with the step; empty when there is none.

    Args:
        last: the last step of all.

    Raises:
        InputError: it is damaged or belongs to another model.
    """
    source = _latest(folder)
    if source is None:
        return {}
    state = _state(source)
    if state["step"] > last:
        raise InputError(f"checkpoint {shown(source)} is of a step after the last, {last}: {AGAIN}")
    load_tensors(model, _tensors(source, MODEL), source)
    return {key: value for key, value in state.items() if key != "sha256"}


def load_moments(folder: Path, optimizer: torch.optim.Optimizer) -> None:
    """Restore an optimizer from the latest checkpoint, which is there.

    Raises:
        InputError: it is damaged, or of other parameters.
    """
    source = _latest(folder)
    if source is None:
        raise InputError(f"{shown(folder)} was deleted meanwhile: run the same command again")
    tensors, parameters = _tensors(source, MOMENTS), [each for group in optimizer.param_groups for each in group["params"]]
    kinds = {name: Kind(value.dtype, tuple(value.shape)) for name, value in tensors.items()}
    wanted = [each for each in map(_moments, range(len(parameters)), parameters) if each.keys() & kinds.keys()]
    if kinds != {name: kind for each in wanted for name, kind in each.items()}:  # a parameter without a gradient has none
        raise InputError(f"checkpoint {shown(source / MOMENTS)} is damaged (it has other moments than its model): {AGAIN}")
    moments: dict[int, Tensors] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        moments.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _moments(index: int, parameter: Tensor) -> dict[str, Kind]:
    """What Adam keeps of a parameter."""
    kind = Kind(parameter.dtype, tuple(parameter.shape))
    return {f"{index}.step": Kind(torch.float32, ()), f"{index}.exp_avg": kind, f"{index}.exp_avg_sq": kind}


def _latest(folder: Path) -> Path | None:
    """The checkpoint that `latest` names; without it, after a kill before it was written, the one of the most steps.

    Raises:
        InputError: `latest` is damaged.
    """
    there = {path.name: path for path in folder.glob("step-*") if path.is_dir() and not path.is_symlink()}
    try:
        name = storage.read_bytes(folder / storage.LATEST).decode()
    except FileNotFoundError:
        return there[max(there)] if there else None
    except UnicodeDecodeError:
        name = ""
    if name not in there:
        pointer = shown(folder / storage.LATEST)
        raise InputError(f"{pointer} names no checkpoint: delete it to continue from the one of the most steps, or {AGAIN}")
    return there[name]


def _state(source: Path) -> dict[str, Any]:
    tree: dict[str, Any] = storage.read_json(source / STATE)
    try:
        step = State.model_validate(tree).step
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{shown('.'.join(map(str, first['loc'])) or 'it')[:60]}: {first['msg']}"
        raise InputError(f"checkpoint {shown(source / STATE)} is damaged ({what}): {AGAIN}") from None
    if source.name != f"step-{step:09d}":
        raise InputError(f"checkpoint {shown(source)} is damaged (it says that it is of step {step}): {AGAIN}")
    return tree


def _tensors(source: Path, name: str) -> Tensors:
    """The tensors of a file of a checkpoint."""
    tensors, recorded = read_tensors(source / name, AGAIN), State.model_validate(_state(source)).sha256
    if recorded and recorded.get(name) != tensors_sha256(tensors):
        raise InputError(f"checkpoint {shown(source / name)} is damaged: {AGAIN}")
    return tensors
