"""Trained models as they are handed to what uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from keyin_cli.model.weights import tensors_sha256
from keyin_cli.recipe import Recipe


@dataclass(frozen=True)
class Checkpoint:
    """What `--ckpt` means: the recipe of its first stage, and of every stage its model and weights file.

    `shifts`: of rows of Table 1, by how many frames their keyframes are moved before they are scored, where that came with the
    weights.
    """

    recipe: Recipe
    models: dict[str, nn.Module]
    files: dict[str, Path]
    shifts: Mapping[str, int] = field(default_factory=dict)

    def to(self, device: torch.device) -> Checkpoint:
        """The same with all models on a device."""
        return replace(self, models={stage: model.to(device) for stage, model in self.models.items()})

    def inputs(self) -> dict[str, dict[str, str]]:
        """What a manifest says of the weights: path and SHA-256 of their tensors, by stage."""
        return {
            stage: {"path": str(path), "sha256": tensors_sha256(dict(self.models[stage].state_dict()))}
            for stage, path in self.files.items()
        }
