"""TAP learns a frame between two, never one next to them."""

from pathlib import Path

import pytest
import torch
from small_brownian import frames, recipe

from keyin_cli.errors import InputError
from keyin_cli.methods.tap import Tap
from keyin_cli.model import losses
from keyin_cli.model.encoder import to_images
from keyin_cli.model.keyin import Foundation
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.tap import TapStage

FRAMES = frames(40)


def stage(*overrides: str) -> TapStage:
    small = recipe("tap.batch=12", "tap.steps=10", *overrides)
    torch.manual_seed(1)
    foundation = dict(Foundation(small).state_dict())
    material = Material(small, {"train": FRAMES, "val": FRAMES[:20]}, torch.device("cpu"), Path(), foundation)
    return TapStage(material, small.section(Tap).margin)


def test_every_pair_has_room_for_a_frame_between_them() -> None:
    work = stage("tap.margin=3")
    pairs = [work.batch(step) for step in range(40)]
    starts, goals = (torch.cat([pair[name] for pair in pairs]) for name in ("start", "goal"))
    assert int((goals - starts).min()) == 8
    assert (int(starts.min()), int(goals.max())) == (0, 34)


def test_the_loss_is_the_minimum_over_the_frames_in_between_but_for_those_next_to_the_ends() -> None:
    work = stage("tap.margin=3")
    batch = work.batch(0)
    images = to_images(batch["frames"], torch.device("cpu"))
    expected = []
    for sequence, start, goal in zip(images, batch["start"], batch["goal"], strict=True):
        logits = work.model(sequence[start][None], sequence[goal][None])
        allowed = sequence[start + 4 : goal - 3]
        expected.append(losses.pixel_error(logits.expand(len(allowed), -1, -1, -1), allowed, "sum").min())
    torch.testing.assert_close(work.terms(batch)["frame"], torch.stack(expected).mean())


def test_a_prediction_that_copies_the_goal_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    work = stage()
    monkeypatch.setattr(type(work.model), "forward", lambda self, start, goal: 20 * goal - 10)
    assert float(work.terms(work.batch(0))["copies"]) == 1
    monkeypatch.setattr(type(work.model), "forward", lambda self, start, goal: torch.full_like(goal, -10.0))
    assert float(work.terms(work.batch(0))["copies"]) < 0.5


def test_a_margin_that_leaves_no_frame_is_refused() -> None:
    with pytest.raises(InputError, match=r"tap.margin: 17 frames on either side leave none of 35 to choose"):
        stage("tap.margin=17")


def test_a_codec_without_pixels_is_refused() -> None:
    with pytest.raises(InputError, match="tap compares pixels, the codec components sees features"):
        stage("model.codec={kind: components, components: 4}")
