"""Trained models as they are handed to what uses them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from keyin_cli.model.weights import tensors_sha256
from keyin_cli.recipe import Recipe


@dataclass(frozen=True)
class Checkpoint:
    """What `--ckpt` means: the recipe of its first stage, and of every stage its model and weights file."""

    recipe: Recipe
    models: dict[str, nn.Module]
    files: dict[str, Path]

    def to(self, device: torch.device) -> Checkpoint:
        """The same with all models on a device."""
        return Checkpoint(self.recipe, {stage: model.to(device) for stage, model in self.models.items()}, self.files)

    def inputs(self) -> dict[str, dict[str, str]]:
        """What a manifest says of the weights: path and SHA-256 of their tensors, by stage."""
        return {
            stage: {"path": str(path), "sha256": tensors_sha256(dict(self.models[stage].state_dict()))}
            for stage, path in self.files.items()
        }
