"""TAP: one frame between two of a sequence, whichever is easiest to predict; on from the encoder and decoder of stage 1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keyin_cli.datasets.loader import batch_indices, step_rng
from keyin_cli.errors import InputError
from keyin_cli.model import losses
from keyin_cli.model.encoder import to_images
from keyin_cli.model.tap import Tap, nearest
from keyin_cli.recipe import Recipe, Schedule
from keyin_cli.training.engine import seeded
from keyin_cli.training.stage import Batch, Terms


class TapStage:
    name = section = "tap"

    def __init__(
        self,
        recipe: Recipe,
        schedule: Schedule,
        margin: int,
        foundation: Mapping[str, Tensor],
        frames: Mapping[str, NDArray[np.uint8]],
        device: torch.device,
    ) -> None:
        """Set up the stage.

        Args:
            margin: frames next to start and goal, on either side, that the model may not choose.
            foundation: the weights of stage 1, whose encoder and decoder are trained on.
            frames: see `KeyInStage`.

        Raises:
            InputError: sequences are too short for the margin.
        """
        self.margin, self.room = margin, 2 * margin + 2  # room: fewest frames from start to goal that leave one to choose
        if (count := frames["train"].shape[1]) <= self.room:
            sides = f"tap.margin: {margin} frames on either side"
            raise InputError(f"{sides} leave none of {count} to choose: give fewer with --set tap.margin")
        self.recipe, self.schedule, self.device, self.frames = recipe, schedule, device, frames
        self.model = seeded(recipe.seed, lambda: Tap(recipe))
        codec = {name: value for name, value in foundation.items() if name.startswith(("encoder.", "decoder."))}
        self.model.load_state_dict(codec, strict=False)
        self.model.to(device)

    def batch(self, step: int, split: str = "train") -> Batch:
        """`frames` (B,T+N,H,W,C) uint8, and the times of `start` and `goal` (B,): any two with room for a frame between them.

        Recursion asks for frames between all kinds of pairs, not just the ends of sequences.
        """
        rows = batch_indices(self.recipe.seed, step, len(self.frames[split]), self.schedule.batch)
        frames = self.frames[split][rows]
        rng, room = step_rng(self.recipe.seed, step), self.room
        start = rng.integers(0, frames.shape[1] - room, len(rows))
        goal = rng.integers(start + room, frames.shape[1])
        return {"frames": torch.from_numpy(frames), "start": torch.from_numpy(start), "goal": torch.from_numpy(goal)}

    def terms(self, batch: Batch) -> Terms:
        """`frame`: error of the predicted frame, the minimum over the frames between start and goal but for those next to them;
        `copies`: the share of predictions that are nearer to the goal than to any of these."""
        images = to_images(batch["frames"], self.device)
        start, goal = batch["start"].to(self.device), batch["goal"].to(self.device)
        everyone = torch.arange(len(images), device=self.device)
        logits = self.model(images[everyone, start], images[everyone, goal])
        times, margin = torch.arange(images.shape[1], device=self.device), self.margin
        between = (times > start[:, None] + margin) & (times < goal[:, None] - margin)
        with torch.no_grad():
            chosen = nearest(logits, images, between)
            copies = nearest(logits, images, between | (times == goal[:, None])) == goal
        errors = losses.pixel_error(logits, images[everyone, chosen], self.recipe.model.reduction)
        return {"frame": errors.mean(), "copies": copies.float().mean()}

    def weights(self, step: int) -> dict[str, float]:
        return {"frame": 1.0}

    def counts(self, batch: Batch) -> dict[str, int]:
        return {}
