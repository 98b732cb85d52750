"""Keyframes by surprise, of a model whose surprise is known: the frame before a surprising one."""

from typing import Any

import numpy as np
import pytest
import torch
from keyin_cli.discovery.selectors import SELECTORS
from torch import Tensor, nn

from keyin_cli.discovery.selector import Context, Frames, Times
from keyin_cli.model.svg import Svg
from keyin_cli.recipe import Recipe, check

CODEC = {"kind": "mlp", "embedding": 8, "hidden": [16]}
DATA = {"kind": "zarr", "path": "none", "frames": 20, "height": 4, "width": 4, "channels": 1}


class Brightness(nn.Module):
    """An encoder: images (…,H,W,C) -> the mean of their pixels (…,C)."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((-3, -2))


class BrightnessSurprises(Svg):
    """A frame is as surprising as it is bright."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.encoder = Brightness()

    def infer(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        mean = embeddings[:, 1:]
        return mean, torch.zeros_like(mean)


def recipe(conditioning: int, predicted: int, keyframes: int) -> Recipe:
    window = {"conditioning": conditioning, "predicted": predicted, "keyframes": keyframes, "max_offset": 10}
    model: dict[str, Any] = {"codec": CODEC, "lstm": {"units": 8}}
    return check({"name": "small", "data": DATA, "window": window, "model": model, "pretrain": {"lengths": [1, 10]}})


def sequences(frames: int, bright: list[dict[int, int]]) -> Frames:
    """Dark sequences (n,frames,4,4,1) with some frames, counted from the first conditioning frame, of a given brightness."""
    images = np.zeros((len(bright), frames, 4, 4, 1), np.uint8)
    for sequence, each in zip(images, bright, strict=True):
        for frame, value in each.items():
            sequence[frame] = value
    return images


def select(recipe: Recipe, frames: Frames) -> Times:
    model = BrightnessSurprises(recipe)
    return SELECTORS["surprise"](Context({"surprise": model}, recipe, torch.device("cpu"), lambda: frames)).select(frames)


@pytest.mark.parametrize("conditioning", [1, 2, 5])
def test_the_keyframe_is_the_frame_before_the_surprising_one(conditioning: int) -> None:
    """Times count from the first predicted frame, whatever came before it. The first and the last that can be found are."""
    predicted = 11
    told = [[0, 4, 8], [2, 6, 9], [1, 3, 5]] * 7  # more than one batch
    bright = [dict.fromkeys((conditioning + time + 1 for time in times), 200) for times in told]
    frames = sequences(conditioning + predicted, bright)
    small = recipe(conditioning, predicted, keyframes=3)
    times = select(small, frames)
    assert times.shape == (21, predicted)
    assert [np.flatnonzero(row).tolist() for row in times] == told


def test_what_surprises_before_the_second_predicted_frame_has_no_keyframe() -> None:
    """Its keyframe would be a conditioning frame."""
    small = recipe(conditioning=3, predicted=9, keyframes=1)
    frames = sequences(12, [{1: 250, 2: 255, 3: 255, 8: 40}])
    assert np.flatnonzero(select(small, frames)[0]).tolist() == [8 - 3 - 1]


def test_the_most_surprising_frames_are_kept() -> None:
    small = recipe(conditioning=2, predicted=10, keyframes=2)
    frames = sequences(12, [{4: 90, 6: 200, 8: 80, 10: 100}])
    assert np.flatnonzero(select(small, frames)[0]).tolist() == [6 - 3, 10 - 3]
