"""The protocol of alignment (docs/protocol.md): one shift per method, out of three, chosen by labels for all methods alike.

Whether a keyframe is the last frame of the old motion or the first of the new one is a convention that no method can know without
labels. The shift is the only thing about a method that labels choose; they are those of the validation split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from keyin_cli.datasets import loader
from keyin_cli.datasets.opening import open_for
from keyin_cli.datasets.sequences import Sequences
from keyin_cli.discovery.f1 import f1, without_last
from keyin_cli.discovery.selector import Frames, Selector, Times, Told
from keyin_cli.errors import InputError
from keyin_cli.model.search import shifted
from keyin_cli.model.trained import Checkpoint

SHIFTS = (0, -1, 1)  # frames, earlier when negative; of equal ones the first is taken
SEQUENCES = 500  # of the validation split, which choose


class Shift(NamedTuple):
    """How a method's keyframes are moved before they are compared with labels, and on what that was chosen."""

    frames: int
    chosen_on: str


def best_shift(detected: Times, true: Times, scored: Callable[[Times], Times] = without_last) -> int:
    """The shift of keyframes (n,N) with the highest F1 (tolerance 0); `scored` leaves out those that are not to be scored."""
    scores = [f1(scored(shifted(detected, shift)), true, 0) for shift in SHIFTS]
    return SHIFTS[scores.index(max(scores))]


def select(selector: Selector, frames: Frames, labels: Times | None) -> Times:
    """Keyframes (n,N); a selector that is told the number of keyframes gets it from the labels (n,N)."""
    if isinstance(selector, Told) and labels is not None:
        return selector.select_told(frames, labels.sum(1))
    return selector.select(frames)


def choose_shifts(selectors: Mapping[str, Selector], checkpoint: Checkpoint, dataset: Sequences) -> dict[str, Shift]:
    """Of every row, the shift that came with the weights, or the best one on validation sequences.

    They are of the dataset that the weights were trained on where it is there, else of the one that is evaluated.
    """
    shifts = {row: Shift(shift, "the weights") for row, shift in checkpoint.shifts.items() if row in selectors}
    missing = {row: selector for row, selector in selectors.items() if row not in shifts}
    recipe, window = checkpoint.recipe, checkpoint.recipe.window
    try:
        own = open_for(recipe.data)
    except InputError:  # it is not there, or not whole; `chosen_on` says which dataset it was
        own = dataset
    if not missing or not own.labelled or not len(own.indices("val")):
        return shifts
    frames = loader.load_frames(own, "val", window.frames, SEQUENCES)
    labels = loader.load_labels(own, "val", window.conditioning, window.predicted, SEQUENCES)
    chosen_on = f"{len(frames)} validation sequences of {own.path}"
    return shifts | {
        row: Shift(best_shift(select(selector, frames, labels), labels), chosen_on) for row, selector in missing.items()
    }
