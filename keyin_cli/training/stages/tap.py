"""TAP: one frame between two of a sequence, whichever is easiest to predict; on from the encoder and decoder of stage 1."""

from __future__ import annotations

import torch

from keyin_cli.datasets.loader import step_rng
from keyin_cli.errors import InputError
from keyin_cli.model.losses import pixel_error
from keyin_cli.model.tap import Tap, nearest
from keyin_cli.training.phase import Batch, Terms
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.sequences import SequenceStage


class TapStage(SequenceStage):
    name = section = "tap"
    network = Tap
    losses = {"frame": 1.0}  # noqa: RUF012 (never changed)
    model: Tap

    def __init__(self, material: Material, margin: int) -> None:
        """Set up the stage. Encoder and decoder of stage 1 are trained on.

        Args:
            margin: frames next to start and goal, on either side, that the model may not choose.

        Raises:
            InputError: sequences are too short for the margin; the codec draws no logits of pixels.
        """
        self.margin, self.room = margin, 2 * margin + 2  # room: fewest frames from start to goal that leave one to choose
        if (count := material.frames["train"].shape[1]) <= self.room:
            sides = f"tap.margin: {margin} frames on either side"
            raise InputError(f"{sides} leave none of {count} to choose: give fewer with --set tap.margin")
        super().__init__(material)
        if self.model.decoder.features is not None:
            raise InputError(f"tap compares pixels, the codec {self.recipe.model.codec.kind} sees features: take another codec")
        self.start_from_codec(material.foundation)

    def batch(self, step: int, split: str = "train") -> Batch:
        """`frames` (B,T+N,H,W,C) uint8, and the times of `start` and `goal` (B,): any two with room for a frame between them.

        Recursion asks for frames between all kinds of pairs, not just the ends of sequences.
        """
        batch, rng = super().batch(step, split), step_rng(self.recipe.seed, step)
        size, count = batch["frames"].shape[:2]
        start = rng.integers(0, count - self.room, size)
        goal = rng.integers(start + self.room, count)
        return batch | {"start": torch.from_numpy(start), "goal": torch.from_numpy(goal)}

    def terms(self, batch: Batch) -> Terms:
        """`frame`: error of the predicted frame, the minimum over the frames between start and goal but for those next to them;
        `copies`: the share of predictions that are nearer to the goal than to any of these."""
        images = self.images(batch)
        start, goal = batch["start"].to(self.device), batch["goal"].to(self.device)
        everyone = torch.arange(len(images), device=self.device)
        logits = self.model(images[everyone, start], images[everyone, goal])
        times, margin = torch.arange(images.shape[1], device=self.device), self.margin
        between = (times > start[:, None] + margin) & (times < goal[:, None] - margin)
        with torch.no_grad():
            chosen = nearest(logits, images, between)
            copies = nearest(logits, images, between | (times == goal[:, None])) == goal
        errors = pixel_error(logits, images[everyone, chosen], self.recipe.model.reduction)
        return {"frame": errors.mean(), "copies": copies.float().mean()}
