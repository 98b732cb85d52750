"""The rules of the benchmark (docs/benchmark.md), all of them. Pure functions on keyframes of k episodes, (k,T) bool, False
behind their ends, and their lengths (k,).

1. Methods learn from all episodes, without labels.
2. The labels of episodes 0, 6, 12, … choose one shift for each row, of -1, 0 and +1 frames, by the rule of `discovery.alignment`.
   They choose nothing else. All other episodes are scored.
3. The first and the last frame of an episode are never scored: no change can be seen there.
4. `given`: a method is told how many keyframes each episode has. `own`: it chooses. They have tables of their own.
5. Methods that look at pixels and such that look at signals have tables of their own. Frames are not shown to the latter, signals
   not to the former (`sight`). Both may look at actions; who did carries a mark.
6. Chance stands in every table. It is told the true number, in the tables of `own` too.
7. Reconstruction: methods that look at pixels and can be told a number are told each of `COUNTS` in every episode. All other
   frames are blended in time between keyframes, the first and the last frame given (`blend`). All episodes of `SHORTEST` to
   `LONGEST` frames count, the same for every number: no label is used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.alignment import best_shift
from keyin_cli.model.search import shifted

Times = NDArray[np.bool_]
Lengths = NDArray[np.int64]
Counts = NDArray[np.int64]

EVERY = 6  # of the episodes one chooses the shift
LEAST = 2  # episodes: one that chooses, one that is scored
DRAWS = 20  # of random keyframes
COUNTS = (1, 2, 4, 8, 16)  # keyframes from which an episode is reconstructed
SHORTEST = max(COUNTS) + 3  # frames of an episode that is: something is left to blend between so many keyframes and the two ends
LONGEST = 2000  # the errors of all its segments take a few times n² numbers


def choosing(k: int) -> NDArray[np.bool_]:
    """Which of k episodes choose the shift (k,); the others are scored."""
    return np.arange(k) % EVERY == 0


def reconstructed(length: int) -> bool:
    """Whether an episode of so many frames is reconstructed from keyframes."""
    return SHORTEST <= length <= LONGEST


def scored(times: Times, lengths: Lengths) -> Times:
    """Keyframes without those in first and last frames."""
    frames = np.arange(times.shape[1])
    return times & (frames >= 1) & (frames < lengths[:, None] - 1)


def aligned(sets: Sequence[Times], true: Times, lengths: Lengths) -> tuple[list[Times], int]:
    """Keyframes as they are scored, moved by the shift that the choosing episodes' labels choose, and that shift. Several sets of
    keyframes of a row are moved by one."""
    some, ends = choosing(len(lengths)), np.tile(lengths[choosing(len(lengths))], len(sets))
    labels = np.tile(scored(true, lengths)[some], (len(sets), 1))
    shift = best_shift(np.concatenate([each[some] for each in sets]), labels, lambda moved: scored(moved, ends))
    return [scored(shifted(each, shift), lengths) for each in sets], shift


def uniform(counts: Counts, lengths: Lengths) -> Times:
    """So many keyframes in each episode (k,), all equally far from each other and from its two ends."""
    made = np.zeros((len(lengths), int(lengths.max())), np.bool_)
    for row, (count, length) in enumerate(zip(counts, lengths, strict=True)):
        made[row, np.rint(np.linspace(0, length - 1, count + 2)[1:-1]).astype(np.int64)] = True
    return scored(made, lengths)


def random(counts: Counts, lengths: Lengths, rng: np.random.Generator) -> Times:
    """So many keyframes in each episode (k,), anywhere but in its first and last frame."""
    made = np.zeros((len(lengths), int(lengths.max())), np.bool_)
    for row, (count, length) in enumerate(zip(counts, lengths, strict=True)):
        made[row, 1 + rng.choice(max(length - 2, 0), size=count, replace=False)] = True
    return made
