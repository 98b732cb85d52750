"""The whole recipe: its sections, and what they ask of one another.

Letters in comments are the paper's: T conditioning frames, N frames to predict, M keyframes, S the largest offset between two
keyframes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from keyin_cli.recipe.data import BrownianData, Data
from keyin_cli.recipe.model import ConstantOffsets, FreeOffsets, Model, model_section
from keyin_cli.recipe.section import Positive, Section
from keyin_cli.recipe.training import Discovery, Jumpy, Pretrain, Soft, Surprise, Tap, Train

if TYPE_CHECKING:
    ModelSection = Model
else:
    ModelSection = model_section()


class Window(Section):
    """How a sequence is cut: T conditioning frames, then N predicted ones, described by up to M keyframes at most S apart."""

    conditioning: Positive = 5  # T
    predicted: Positive = 30  # N
    keyframes: Positive = 6  # M
    max_offset: Positive = 10  # S

    @model_validator(mode="after")
    def _reach(self) -> Window:
        reach = self.keyframes * self.max_offset
        if self.predicted > reach:
            raise ValueError(f"predicted: {self.predicted} frames are out of reach of keyframes x max_offset = {reach}")
        return self


class Recipe(Section):
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = Field(0, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"  # of matrix products in training; weights and losses are float32
    compile: bool = False  # training with torch.compile; needs a C++ compiler, on a GPU Triton
    data: Data = BrownianData()
    window: Window = Window()
    model: ModelSection = ModelSection()
    pretrain: Pretrain = Pretrain()
    train: Train = Train()
    soft: Soft = Soft()
    jumpy: Jumpy = Jumpy()
    surprise: Surprise = Surprise()
    tap: Tap = Tap()
    discovery: Discovery = Discovery()

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        problems = []
        needed = self.window.conditioning + self.window.predicted
        if self.data.frames < needed:
            problems.append(
                f"data.frames: {self.data.frames} frames are shorter than window.conditioning + window.predicted = {needed}"
            )
        if self.pretrain.lengths[1] > self.window.max_offset:
            problems.append(
                f"pretrain.lengths: {self.pretrain.lengths[1]} frames exceed window.max_offset = {self.window.max_offset}"
            )
        offsets, longest = self.model.offsets, self.window.max_offset
        given = {"jumpy.offset": self.jumpy.offset or 1}
        if isinstance(offsets, ConstantOffsets):
            given["model.offsets.offset"] = offsets.offset
        problems += [
            f"{key}: {offset} frames exceed window.max_offset = {longest}" for key, offset in given.items() if offset > longest
        ]
        if not isinstance(offsets, FreeOffsets) and self.train.objective == "search":
            problems.append("train.objective: only free offsets learn from the search")
        problems += [f"model.codec.{problem}" for problem in self.model.codec.problems(self.data.image)]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def part(self, stage: str) -> dict[str, Any]:
        """The keys that decide a stage's result. What else changes does not invalidate it.

        `data`, `interpolator`, `surprise`, `tap`, or one of those that train a keyframe model (`keyin` and its variants).
        """
        whole = self.model_dump(mode="json")
        del whole["data"]["path"]
        if stage == "data":
            return {"data": whole["data"]}
        foundation = ("codec", "lstm", "interpolator", "reduction")
        part = {key: whole[key] for key in ("seed", "data", "window", "pretrain")}
        if self.precision != "float32":  # runs from before this key are float32
            part["precision"] = self.precision
        part["model"] = {key: whole["model"][key] for key in foundation}
        if stage == "interpolator":
            return part
        if stage in ("surprise", "tap"):
            return part | {stage: whole[stage]}
        discovery = {"price": whole["discovery"]["price"]}
        if self.discovery.earlier:  # likewise
            discovery["earlier"] = self.discovery.earlier
        train = {key: value for key, value in whole["train"].items() if key != "teacher_forcing" or value}  # likewise
        return part | {"model": whole["model"], "train": train, "discovery": discovery}
