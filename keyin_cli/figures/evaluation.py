"""Pictures of an evaluation: truth and prediction one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from keyin_cli import storage
from keyin_cli.colours import BLUE, GREY, RED, Colour
from keyin_cli.figures.style import Frames, Times, framed, overlay, panels, save


@dataclass(frozen=True)
class Example:
    """One sequence to show: the N true and predicted frames, the true keyframes (None without labels) and the detected ones."""

    truth: Frames
    predicted: Frames
    true_times: Times | None
    detected_times: Times


@dataclass(frozen=True)
class Strip:
    """One row of a picture of strips: N frames side by side, those at `times` framed in `colour`."""

    name: str
    frames: Frames
    times: Times
    colour: Colour


def frame_strip(path: Path, examples: Sequence[Example], title: str) -> None:
    """Truth above, prediction below, for each of a few sequences."""
    truths = (Strip("truth", example.truth, marks(example), RED) for example in examples)
    predictions = (Strip("predicted", example.predicted, example.detected_times, BLUE) for example in examples)
    strips(path, list(zip(truths, predictions, strict=True)), title)


def strips(path: Path, sequences: Sequence[Sequence[Strip]], title: str) -> None:
    """Fig. 4: the strips of each sequence beneath one another; as many for each, and as many frames in each."""
    figure, axes = panels(len(sequences), 1, 16, len(sequences) * (0.5 * len(sequences[0]) + 0.5) + 0.6)
    for axis, rows in zip(axes[:, 0], sequences, strict=True):
        images = [_side_by_side(row) for row in rows]
        axis.imshow(np.vstack(images), interpolation="nearest")
        count, height = len(rows[0].frames), images[0].shape[0]
        width = images[0].shape[1] / count
        axis.set_xticks(np.arange(4, count, 5) * width + width / 2, range(5, count + 1, 5))
        axis.set_yticks((np.arange(len(rows)) + 0.5) * height, [row.name for row in rows])
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    axes[-1, 0].set_xlabel("frame (0 is the last one seen)")
    figure.suptitle(f"{title}: true changes red, detected keyframes blue")
    save(path, figure)


@dataclass(frozen=True)
class Whole:
    """One row of a picture of whole sequences: n of them (n,N,H,W,C) with their keyframes (N,) each, in `colour`."""

    name: str
    frames: Sequence[Frames] | Frames
    times: Sequence[Times]
    colour: Colour


def trajectories(path: Path, examples: Sequence[Example], title: str) -> None:
    """Fig. 10: a whole sequence in one image, keyframes in colour; truth above, prediction below."""
    truths = [example.truth for example in examples], [marks(example) for example in examples]
    predictions = [example.predicted for example in examples], [example.detected_times for example in examples]
    rows = [Whole("truth, changes red", *truths, RED), Whole("predicted, keyframes blue", *predictions, BLUE)]
    whole_sequences(path, rows, title)


def whole_sequences(path: Path, rows: Sequence[Whole], title: str) -> None:
    """Every sequence in one image, a column of them for each; as many in each row."""
    count = len(rows[0].frames)
    figure, axes = panels(len(rows), count, 2.4 * count, 2.4 * len(rows) + 0.4)
    for across, row in zip(axes, rows, strict=True):
        for axis, frames, times in zip(across, row.frames, row.times, strict=True):
            axis.imshow(overlay(frames, times, row.colour), interpolation="nearest")
            axis.set_xticks([])
            axis.set_yticks([])
        across[0].set_ylabel(row.name)
    figure.suptitle(title)
    save(path, figure)


def animation(path: Path, examples: Sequence[Example], scale: int = 4, milliseconds: int = 200) -> None:
    """A GIF of truth (above) and prediction (below), framed at true changes (red) and keyframes (blue)."""
    images = []
    for time in range(len(examples[0].truth)):
        columns = [
            np.vstack(
                [
                    framed(example.truth[time], RED if marks(example)[time] else GREY),
                    framed(example.predicted[time], BLUE if example.detected_times[time] else GREY),
                ]
            )
            for example in examples
        ]
        images.append(Image.fromarray(np.hstack(columns).repeat(scale, axis=0).repeat(scale, axis=1)))
    storage.replace(
        path,
        lambda beside: images[0].save(
            beside, format="GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0
        ),
    )


def marks(example: Example) -> Times:
    """The true keyframes of an example, none without labels."""
    return np.zeros(len(example.truth), dtype=np.bool_) if example.true_times is None else example.true_times


def _side_by_side(strip: Strip) -> Frames:
    """The frames of a strip in one image."""
    return np.hstack(
        [framed(frame, strip.colour if mark else GREY) for frame, mark in zip(strip.frames, strip.times, strict=True)]
    )
