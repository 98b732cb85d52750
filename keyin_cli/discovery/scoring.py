"""Scoring keyframes of whole episodes against a dataset's labels, and what chance scores there.

Episodes of n frames each lie in arrays (episodes, longest n), False behind their ends, so that `f1` takes them as they are. What
changes in an episode's last frame cannot be seen: nothing there counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import KEYFRAMES, Episodes
from keyin_cli.discovery.found import Found, frame_times
from keyin_cli.errors import InputError, shown

Times = NDArray[np.bool_]
Lengths = NDArray[np.int64]


def compared(episodes: Episodes, found: Found) -> tuple[Times, Times, Lengths, list[int]]:
    """The keyframes found and the labels of the episodes in which keyframes were looked for.

    Returns:
        Found (k,T) and labels (k,T) of k episodes, of which the longest has T frames; their lengths (k,), and their indices.

    Raises:
        InputError: the dataset has no labels, not these episodes, or not these frames.
    """
    if not episodes.labelled:
        raise InputError(f"{shown(episodes.path)} has no labels to score against: import it with --labels")
    by_source = {episodes.source(index): index for index in range(episodes.n)}
    if unknown := [each.episode for each in found.episodes if each.episode not in by_source]:
        raise InputError(f"{shown(episodes.path)} has no episode {unknown[0]} of its source: give the dataset with --data")
    if not found.episodes:
        raise InputError("the file has no episodes: run keyin find again")
    indices = [by_source[each.episode] for each in found.episodes]
    lengths = episodes.lengths[indices]
    detected = np.zeros((len(indices), int(lengths.max())), np.bool_)
    true = np.zeros_like(detected)
    for row, (index, each) in enumerate(zip(indices, found.episodes, strict=True)):
        detected[row, frame_times(episodes, index, each)] = True
        true[row, : lengths[row]] = episodes.episode(index, KEYFRAMES)
    return scored(detected, lengths), scored(true, lengths), lengths, indices


def scored(times: Times, lengths: Lengths) -> Times:
    """Keyframes (k,T) without those in the last frames of episodes."""
    kept = times.copy()
    kept[np.arange(len(times)), lengths - 1] = False
    return kept


def uniform(true: Times, lengths: Lengths) -> Times:
    """As many keyframes (k,T) as each episode has labels (k,T), all equally far from each other and from its two ends."""
    made = np.zeros_like(true)
    for row, (count, length) in enumerate(zip(true.sum(1), lengths, strict=True)):
        made[row, np.rint(np.linspace(0, length - 1, count + 2)[1:-1]).astype(np.int64)] = True
    return scored(made, lengths)


def random(true: Times, lengths: Lengths, rng: np.random.Generator) -> Times:
    """As many keyframes (k,T) as each episode has labels (k,T), anywhere but in its last frame."""
    made = np.zeros_like(true)
    for row, (count, length) in enumerate(zip(true.sum(1), lengths, strict=True)):
        made[row, rng.choice(length - 1, size=count, replace=False)] = True
    return made
