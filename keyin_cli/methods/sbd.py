"""Skill boundary detection (SBD; Deng et al., 2025): a skill ends where its action predictor is surprised.

SBD has a large pretrained policy; here it is a small recurrent network that learns the actions of the same demonstrations from
the principal components of their frames. One episode in five is held out for the gap, which needs no labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery import embedding, knobs, parts
from keyin_cli.discovery.peer import ACTIONS, Demonstration, Evidence, Floats, Times
from keyin_cli.methods.method import Method
from keyin_cli.progress import track

HELD_OUT = 5  # every so manieth episode
QUANTILE = 0.95  # of held-out jumps: the usual gap
LEAST, LONGEST = 0.3, 10.0  # s of a skill
TRIED = 256  # gaps, where the number of keyframes is given


def jumps(nats: Floats) -> NDArray[np.float64]:
    """By how much each loss is above the mean of those since the boundary: (n,L) -> (n,L), entries [b,l] of frame b+l when the
    boundary is b; infinitely below in column 0, which has none before it, and where there is no loss."""
    nats = nats.astype(np.float64)
    means = nats[:, :-1].cumsum(1) / np.arange(1, nats.shape[1])
    found = np.full(nats.shape, -np.inf)
    found[:, 1:] = np.where(np.isnan(nats[:, 1:]), -np.inf, nats[:, 1:] - means)
    return found


def boundaries(above: Floats, gap: float, least: int) -> list[int]:
    """Frames at which a skill begins, but the first.

    Args:
        above: see `jumps`, (n,L): a skill has at most L - 1 frames.
        gap: a frame begins a skill when its loss is above the mean by more.
        least: frames of a skill, at least 1.
    """
    n, longest = above.shape
    begin, found = 0, []
    while begin + least < n:
        over = np.flatnonzero(above[begin, least:] > gap)
        length = least + int(over[0]) if len(over) else longest - 1
        if (begin := begin + max(length, least)) < n:
            found.append(begin)
    return found


def split(n: int) -> tuple[list[int], list[int]]:
    """Of n episodes those that are held out, and those that are learned; a single one is both."""
    held_out = list(range(HELD_OUT - 1, n, HELD_OUT)) or [n - 1]
    return held_out, [index for index in range(n) if index not in held_out] or held_out


class Sbd:
    """Evidence: see `jumps`, (n,L)."""

    knob, own = "gap", True

    def __init__(self, episodes: Sequence[Demonstration], seed: int) -> None:
        from keyin_cli.model import actions

        done = np.concatenate([parts.part(episode, ACTIONS, "sbd") for episode in episodes])
        self.mean, deviation = done.mean(0), done.std(0)
        self.scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > embedding.STILL)
        self.embedding = embedding.of_pixels(episodes, "sbd")
        self.size = 1 / max(float(np.mean([self.embedding(episode).std() for episode in episodes])), embedding.STILL)
        fps = episodes[0].fps
        self.least, self.longest = max(round(LEAST * fps), 1), max(round(LONGEST * fps), 2)
        held_out, learned = split(len(episodes))
        pairs = [self._seen(episode) for episode in episodes]
        with track("sbd", actions.STEPS) as advance:
            some, others = [pairs[index] for index in learned], [pairs[index] for index in held_out]
            self.network = actions.fit(some, others, seed, advance)
        # Held-out episodes may all be shorter than a skill is at least: then the gap is that of all.
        values = self._jumps([episodes[index] for index in held_out])
        values = values if len(values) else self._jumps(episodes)
        self.usual = float(np.quantile(values, QUANTILE)) if len(values) else 0.0

    def look(self, episode: Demonstration) -> Evidence:
        from keyin_cli.model.actions import nats_from_everywhere

        longest = min(self.longest, len(episode))  # a dataset may say that it has any number of frames a second
        return jumps(nats_from_everywhere(self.network, *self._seen(episode), longest + 1))

    def setting(self, evidence: Evidence, wanted: int) -> float:
        values = _finite(evidence[:, self.least :])
        if not len(values):
            return self.usual
        gaps = np.quantile(values, 1 - np.linspace(0, 1, TRIED) ** 2)
        return knobs.closest(lambda gap: int(self.select(evidence, gap).sum()), gaps.tolist(), wanted)

    def select(self, evidence: Evidence, setting: float) -> Times:
        return parts.at(boundaries(evidence, setting, self.least), len(evidence))

    def _jumps(self, episodes: Sequence[Demonstration]) -> NDArray[np.float64]:
        """All jumps where a skill may end."""
        return np.concatenate([_finite(self.look(episode)[:, self.least :]) for episode in episodes])

    def _seen(self, episode: Demonstration) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features (n,F), whose mean deviation is 1, and actions (n,A), each of deviation 1."""
        features = self.embedding(episode) * np.float32(self.size)
        return features, (parts.part(episode, ACTIONS, "sbd") - self.mean) * self.scale


def _finite(values: Floats) -> NDArray[np.float64]:
    return values[np.isfinite(values)].astype(np.float64)


METHOD = Method(
    name="sbd",
    help="where a network that predicts actions from frames is surprised (SBD)",
    order=86,
    peers={"pixels": Sbd},
)
