"""What a stage needs that learns from whole sequences: all but its network and its loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from keyin_cli.datasets.loader import batch_indices
from keyin_cli.model.encoder import to_images
from keyin_cli.recipe import Schedule
from keyin_cli.training.engine import seeded
from keyin_cli.training.phase import Batch, Terms
from keyin_cli.training.spec import Material


class SequenceStage(ABC):
    """Base of stages that learn from whole sequences; subclasses set what is declared here and say the terms of the loss.

    `name`: of the stage. `section`: of the recipe, which schedules it. `network`: the class of the model, made from a recipe.
    `losses`: weights of the terms that are trained; others are only reported.
    """

    name: ClassVar[str]
    section: ClassVar[str]
    network: ClassVar[type[nn.Module]]
    losses: Mapping[str, float]

    def __init__(self, material: Material) -> None:
        recipe = material.recipe
        self.recipe, self.frames, self.device = recipe, material.frames, material.device
        self.schedule = self.records = self._schedule()
        self.model: nn.Module = seeded(recipe.seed, lambda: type(self).network(recipe)).to(material.device)

    def _schedule(self) -> Schedule:
        schedule: Schedule = getattr(self.recipe, self.section)
        return schedule

    def begin(self) -> None:
        """Train everything."""
        self.model.requires_grad_(True)

    def start_from_codec(self, foundation: Mapping[str, Tensor]) -> None:
        """Begin with encoder and decoder of stage 1, of whose weights `foundation` has all; the model must have both."""
        codec = {name: value for name, value in foundation.items() if name.startswith(("encoder.", "decoder."))}
        self.model.load_state_dict(codec, strict=False)

    def batch(self, step: int, split: str = "train") -> Batch:
        """`frames` (B,T+N,H,W,C) uint8."""
        rows = batch_indices(self.recipe.seed, step, len(self.frames[split]), self.schedule.batch)
        return {"frames": torch.from_numpy(self.frames[split][rows])}

    def images(self, batch: Batch) -> Tensor:
        """The batch's sequences on the device: (B,T+N,H,W,C) float32 in [0,1]."""
        return to_images(batch["frames"], self.device)

    @abstractmethod
    def terms(self, batch: Batch) -> Terms:
        """Unweighted scalar terms of the loss, each a mean over the batch's sequences."""

    def weights(self, step: int) -> dict[str, float]:
        return dict(self.losses)

    def counts(self, batch: Batch) -> dict[str, int]:
        return {}
