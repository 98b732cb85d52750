"""Weights on disk: safetensors with the recipe inside and nothing else, so that loading a stranger's file runs no code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.recipe import Recipe

METADATA = "keyin"  # the one metadata key; its value is JSON, because safetensors does not keep the order of several

Tensors = dict[str, Tensor]


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
    metadata = {METADATA: json.dumps({"stage": stage, "recipe": recipe.model_dump(mode="json")}, sort_keys=True)}
    storage.replace(path, lambda beside: save_file(tensors, beside, metadata))
    return tensors_sha256(tensors)


def halve(path: Path, out: Path) -> str:
    """Write a weights file again in half precision; returns the SHA-256 of its tensors. They are single again once loaded."""
    tensors, metadata = read_weights(path)
    halves = {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}
    storage.replace(out, lambda beside: save_file(halves, beside, {METADATA: json.dumps(metadata, sort_keys=True)}))
    return tensors_sha256(halves)


def read_weights(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """The tensors and metadata `{"stage", "recipe"}` of a weights file.

    Raises:
        InputError: it is no weights file of ours, or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})[METADATA])
            ours = isinstance(metadata, dict) and isinstance(metadata.get("stage"), str)
            if not ours or not isinstance(metadata.get("recipe"), dict):
                raise KeyError(METADATA)
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is damaged or no safetensors file ({error}): train again with --overwrite") from None
    except (KeyError, json.JSONDecodeError):
        raise InputError(f"{path} holds the weights of another program: keyin needs a file that `keyin train` wrote") from None


def load_tensors(model: nn.Module, tensors: Tensors, path: Path) -> None:
    """Put tensors into a model.

    Raises:
        InputError: they belong to another model.
    """
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise InputError(f"{path} belongs to another model ({first}): use the recipe it was trained with") from None
