"""Weights on disk: safetensors with the recipe inside and nothing else, so that loading a stranger's file runs no code.

Whatever is read is checked before it is used: what the file is, its kinds and shapes of tensors, and that they are finite.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.recipe import Recipe

METADATA = "keyin"  # the one metadata key; its value is JSON, because safetensors does not keep the order of several
LARGEST = 2**35  # bytes of a file
AGAIN = "train again with --overwrite"
KINDS = {"F32": torch.float32, "F16": torch.float16, "I64": torch.int64, "BOOL": torch.bool}  # what tensors of ours hold

Tensors = dict[str, Tensor]


class Kind(NamedTuple):
    """What is known of a tensor before it is read."""

    dtype: torch.dtype
    shape: tuple[int, ...]


Kinds = Mapping[str, Kind]


def tensors_sha256(tensors: Tensors) -> str:
    """SHA-256 over names, shapes and values, independent of the file that holds them."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def save_weights(path: Path, model: nn.Module, stage: str, recipe: Recipe) -> str:
    """Write a model's weights with its recipe; returns their SHA-256."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    save_tensors(path, tensors, {"stage": stage, "recipe": recipe.model_dump(mode="json")})
    return tensors_sha256(tensors)


def halve(path: Path, out: Path) -> str:
    """Write a weights file again in half precision; returns the SHA-256 of its tensors. They are single again once loaded."""
    tensors, metadata = read_weights(path)
    halves = {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}
    save_tensors(out, halves, metadata)
    return tensors_sha256(halves)


def save_tensors(path: Path, tensors: Tensors, metadata: Any = None) -> None:
    """Write tensors to a file that is whole or not there, with metadata of ours when there are some."""
    told = None if metadata is None else {METADATA: json.dumps(metadata, sort_keys=True)}
    storage.replace(path, storage.usual_mode(lambda beside: save_file(tensors, beside, told)))


def read_weights(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """The tensors and metadata `{"stage", "recipe"}` of a weights file.

    Raises:
        InputError: it is no weights file of ours, or damaged.
    """
    with _opened(path, AGAIN) as file:
        metadata = _metadata(file, path)
        return _tensors(file, path, AGAIN), metadata


def read_header(path: Path) -> tuple[Kinds, dict[str, Any]]:
    """What tensors there are in a weights file, and its metadata `{"stage", "recipe"}`. No tensor is read.

    Raises:
        InputError: it is no weights file of ours, or damaged.
    """
    with _opened(path, AGAIN) as file:
        metadata = _metadata(file, path)
        return _kinds(file, path), metadata


def read_tensors(path: Path, do: str) -> Tensors:
    """All tensors of a file of ours that is no weights file, finite.

    Args:
        do: what to do when they are damaged, for the error.

    Raises:
        InputError: they are.
    """
    with _opened(path, do) as file:
        return _tensors(file, path, do)


@contextmanager
def _opened(path: Path, do: str) -> Iterator[Any]:
    try:
        if not os.path.isfile(path):  # a named pipe would never end
            raise FileNotFoundError("no such file")
        if (size := path.stat().st_size) > LARGEST:
            raise OSError(f"{size:,} bytes, expected at most {LARGEST:,}")
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, RuntimeError) as error:  # the last of a file that torch cannot map into memory
        reason = shown(" ".join(str(error).split()))[:200]
        raise InputError(f"{shown(path)} is damaged or no safetensors file ({reason}): {do}") from None


def _metadata(file: Any, path: Path) -> dict[str, Any]:
    try:
        metadata: dict[str, Any] = storage.parsed((file.metadata() or {})[METADATA])
        if not isinstance(metadata["stage"], str) or not isinstance(metadata["recipe"], dict):
            raise KeyError(METADATA)
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{shown(path)} holds the weights of another program: keyin needs a file that `keyin train` wrote"
        ) from None
    return metadata


def _tensors(file: Any, path: Path, do: str) -> Tensors:
    tensors = {name: file.get_tensor(name) for name in _kinds(file, path)}
    for name, value in tensors.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise InputError(f"{shown(path)} is damaged ({shown(name)[:60]} is not finite): {do}")
    return tensors


def _kinds(file: Any, path: Path) -> Kinds:
    slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    for name, each in slices.items():
        if each.get_dtype() not in KINDS:
            what = f"{shown(name)[:60]} is {shown(each.get_dtype())}"
            raise InputError(f"{shown(path)} belongs to another program ({what}): keyin needs a file that `keyin train` wrote")
    return {name: Kind(KINDS[each.get_dtype()], tuple(each.get_shape())) for name, each in slices.items()}


def are_recorded(manifest: Mapping[str, Any], tensors: Tensors, metadata: Mapping[str, Any]) -> bool:
    """Whether weights are those that a run ended with, as its manifest says: stage, recipe and tensors."""
    recorded = {"stage": manifest.get("stage"), "recipe": manifest["recipe"], "sha256": manifest.get("weights_sha256")}
    return recorded == {"stage": metadata["stage"], "recipe": metadata["recipe"], "sha256": tensors_sha256(tensors)}


def untrained(build: Callable[[], nn.Module], kinds: Kinds, path: Path) -> nn.Module:
    """A model with memory of its own, after it was compared with the tensors that are there: what a stranger's metadata say is
    large is not allocated before.

    Raises:
        InputError: they belong to another model; see `check_fits`.
    """
    try:
        with torch.device("meta"):
            sketch = build()
    except (RuntimeError, OverflowError, TypeError, ValueError) as error:  # of sizes that no tensor can have
        reason = shown(" ".join(str(error).split()))[:100]
        raise InputError(f"{shown(path)}: its recipe gives no model ({reason}): use a file that `keyin train` wrote") from None
    check_fits(sketch, kinds, path)
    return build()


def check_fits(model: nn.Module, kinds: Kinds, path: Path) -> None:
    """Raises:
    InputError: tensors have other names, shapes or kinds than a model's; its halved ones fit, too.
    """
    wanted = {name: Kind(value.dtype, tuple(value.shape)) for name, value in model.state_dict().items()}
    for name in sorted(wanted.keys() | kinds.keys()):
        there, expected = kinds.get(name), wanted.get(name)
        if there is None or expected is None:
            raise _another_model(path, f"{shown(name)[:60]} is {'missing' if there is None else 'unknown to its recipe'}")
        if there.shape != expected.shape:
            raise _another_model(path, f"size mismatch: {shown(name)[:60]} is {there.shape}, expected {expected.shape}")
        halved = (there.dtype, expected.dtype) == (torch.float16, torch.float32)
        if there.dtype != expected.dtype and not halved:
            raise _another_model(path, f"{shown(name)[:60]} is {there.dtype}, expected {expected.dtype}")


def load_tensors(model: nn.Module, tensors: Tensors, path: Path) -> None:
    """Put tensors into a model.

    Raises:
        InputError: they belong to another model.
    """
    check_fits(model, {name: Kind(value.dtype, tuple(value.shape)) for name, value in tensors.items()}, path)
    model.load_state_dict(tensors)


def _another_model(path: Path, what: str) -> InputError:
    return InputError(f"{shown(path)} belongs to another model ({what}): use the recipe it was trained with")
