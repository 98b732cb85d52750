"""Every picture and video. Frames are uint8 (T,H,W,C); times are bool (T,). Files are PNG and GIF.

Colours as in the paper: true changes red, named keyframes blue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keyin_cli import artifacts

mpl.use("Agg")
from matplotlib import pyplot

Frames = NDArray[np.uint8]
Times = NDArray[np.bool_]
Colour = tuple[int, int, int]

RED: Colour = (220, 40, 40)
BLUE: Colour = (50, 110, 240)
GREY: Colour = (90, 90, 90)
BORDER = 2  # px around each frame of a strip
DIFFERENT = 40  # a pixel this far from the background belongs to what moves


@dataclass(frozen=True)
class Example:
    """One sequence to show: the N true and predicted frames, the true keyframes (None without labels) and the named ones."""

    truth: Frames
    predicted: Frames
    true_times: Times | None
    named_times: Times


def frame_strip(path: Path, examples: Sequence[Example], title: str) -> None:
    """Fig. 4: truth above, prediction below, true changes framed red, keyframes framed blue."""
    figure, axes = pyplot.subplots(len(examples), 1, figsize=(16, 1.5 * len(examples) + 0.6), squeeze=False, layout="constrained")
    for axis, example in zip(axes[:, 0], examples, strict=True):
        rows = [
            np.hstack([framed(frame, RED if mark else GREY) for frame, mark in zip(example.truth, marks(example), strict=True)]),
            np.hstack(
                [
                    framed(frame, BLUE if mark else GREY)
                    for frame, mark in zip(example.predicted, example.named_times, strict=True)
                ]
            ),
        ]
        axis.imshow(np.vstack(rows), interpolation="nearest")
        width, height = rows[0].shape[1] / len(example.truth), rows[0].shape[0]
        axis.set_xticks(np.arange(4, len(example.truth), 5) * width + width / 2, range(5, len(example.truth) + 1, 5))
        axis.set_yticks([height / 2, height * 3 / 2], ["truth", "predicted"])
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    axes[-1, 0].set_xlabel("frame (0 is the last one seen)")
    figure.suptitle(f"{title}: true changes red, named keyframes blue")
    _save(path, figure)


def trajectories(path: Path, examples: Sequence[Example], title: str) -> None:
    """Fig. 10: a whole sequence in one image, keyframes in colour; truth above, prediction below."""
    figure, axes = pyplot.subplots(2, len(examples), figsize=(2.4 * len(examples), 5.2), squeeze=False, layout="constrained")
    for column, example in zip(axes.T, examples, strict=True):
        column[0].imshow(overlay(example.truth, marks(example), RED), interpolation="nearest")
        column[1].imshow(overlay(example.predicted, example.named_times, BLUE), interpolation="nearest")
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    axes[0, 0].set_ylabel("truth, changes red")
    axes[1, 0].set_ylabel("predicted, keyframes blue")
    figure.suptitle(title)
    _save(path, figure)


def animation(path: Path, examples: Sequence[Example], scale: int = 4, milliseconds: int = 200) -> None:
    """A GIF of truth (above) and prediction (below), framed at true changes (red) and keyframes (blue)."""
    images = []
    for time in range(len(examples[0].truth)):
        columns = [
            np.vstack(
                [
                    framed(example.truth[time], RED if marks(example)[time] else GREY),
                    framed(example.predicted[time], BLUE if example.named_times[time] else GREY),
                ]
            )
            for example in examples
        ]
        images.append(Image.fromarray(np.hstack(columns).repeat(scale, axis=0).repeat(scale, axis=1)))
    artifacts.replace(
        path,
        lambda beside: images[0].save(
            beside, format="GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0
        ),
    )


def marks(example: Example) -> Times:
    """The true keyframes of an example, none without labels."""
    return np.zeros(len(example.truth), dtype=np.bool_) if example.true_times is None else example.true_times


def framed(frame: Frames, colour: Colour) -> Frames:
    """A frame (H,W,C) as RGB with a border."""
    bordered = np.empty((frame.shape[0] + 2 * BORDER, frame.shape[1] + 2 * BORDER, 3), dtype=np.uint8)
    bordered[:] = colour
    bordered[BORDER:-BORDER, BORDER:-BORDER] = frame  # one channel is copied to three
    return bordered


def overlay(frames: Frames, times: Times, colour: Colour) -> Frames:
    """All frames (T,H,W,C) in one RGB image: what moves dimmed and brightening with time, keyframes in colour on top."""
    background = np.median(frames, axis=0)
    moved = (np.abs(frames - background).max(axis=-1) > DIFFERENT)[..., None]
    image = np.broadcast_to(background, (*background.shape[:2], 3)).copy()
    for index in np.argsort(times, kind="stable"):
        brightness = 0.35 + 0.4 * index / len(frames)
        shade = np.array(colour) if times[index] else brightness * frames[index]
        image = np.where(moved[index], shade, image)
    return image.round().astype(np.uint8)


def _save(path: Path, figure: mpl.figure.Figure) -> None:
    artifacts.replace(path, lambda beside: figure.savefig(beside, format="png", dpi=110, metadata={"Software": None}))
    pyplot.close(figure)
