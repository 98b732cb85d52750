"""Keyframes of all episodes of a dataset, by a method that looks at whole episodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import FRAMES, Episodes
from keyin_cli.datasets.episodes.seen import Seen
from keyin_cli.discovery import whole
from keyin_cli.discovery.found import Found, found_episode
from keyin_cli.discovery.selector import Frames, Sources, Times
from keyin_cli.errors import InputError
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.persistence import Persistence, fitted
from keyin_cli.progress import track

Evidence = NDArray[np.floating[Any]]
Read = Callable[[int, int], Frames]  # what is seen of the frames `begin` … `end - 1` (k,H,W,C) of an episode
LEAST = 0.5  # chance of a keyframe and its neighbours together
PLACES = 5  # frames from one place of the keyframe model to the next


class Finder(Protocol):
    """A way to find the keyframes of whole episodes. `knob` is the name of the number that decides how many there are, `usual`
    its value when nobody asks for another; `sources`: what it is made from."""

    knob: str
    usual: float
    sources: Sources

    def look(self, read: Read, count: int) -> Evidence:
        """What is to be known of an episode of `count` frames, whatever the knob says: (count,…)."""
        ...

    def setting(self, evidence: Sequence[Evidence], wanted: float) -> float:
        """The knob's value at which episodes have, on average, as many keyframes as wanted, or just fewer."""
        ...

    def select(self, evidence: Evidence, setting: float) -> tuple[Times, NDArray[np.float64] | None]:
        """Keyframes (n,) of an episode, and the chance (n,) of each frame where the method has it."""
        ...


class SearchFinder:
    """Exact search over the whole episode; `price` in nats a keyframe. Where frames are seen as features, their errors persist as
    those on the training sequences do."""

    knob = "price"

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.persistence: Persistence | None = None
        if sources.foundation.decoder.features is not None:
            self.persistence = fitted(sources.foundation, sources.training(), sources.device)
        if self.persistence is None or sources.recipe.discovery.price != "auto":
            self.usual = sources.price
        else:
            self.usual = self.persistence.price()

    def look(self, read: Read, count: int) -> Evidence:
        return whole.episode_costs(self.sources.foundation, read, count, self.sources.device, self.persistence)

    def setting(self, evidence: Sequence[Evidence], wanted: float) -> float:
        return whole.price_for([each.astype(np.float32, copy=False) for each in evidence], wanted)

    def select(self, evidence: Evidence, setting: float) -> tuple[Times, NDArray[np.float64] | None]:
        return whole.searched(evidence.astype(np.float32, copy=False), setting), None


class ModelFinder:
    """The keyframe model at all its places along the episode; `least` is the chance of a keyframe and its neighbours together."""

    knob, usual = "least", LEAST

    def __init__(self, sources: Sources, model: KeyIn) -> None:
        self.sources, self.model = sources, model

    def look(self, read: Read, count: int) -> Evidence:
        return whole.probability(self.model, read(0, count), PLACES, self.sources.device)

    def setting(self, evidence: Sequence[Evidence], wanted: float) -> float:
        return whole.least_for([each.astype(np.float64, copy=False) for each in evidence], wanted)

    def select(self, evidence: Evidence, setting: float) -> tuple[Times, NDArray[np.float64] | None]:
        chances = evidence.astype(np.float64, copy=False)
        return whole.peaks(chances, setting), chances


def find(
    finder: Finder,
    name: str,
    episodes: Episodes,
    view: Seen | None = None,
    wanted: float | None = None,
    setting: float | None = None,
) -> tuple[Found, list[NDArray[np.float64] | None]]:
    """Keyframes of all episodes, and the chance (n,) of every frame of each episode where the method has it.

    Args:
        name: of the method.
        view: what is seen of a frame; None of images alone.
        wanted: keyframes of an episode on average; None leaves that to the method.
        setting: the knob's value, instead.

    Raises:
        InputError: the dataset is damaged; there cannot be so few keyframes.
    """
    evidence = []
    with track("looking at frames", episodes.total) as advance:
        for index, length in enumerate(episodes.lengths.tolist()):
            evidence.append(finder.look(partial(frames_of, episodes, view, int(episodes.begins[index])), length))
            advance(length)
    if wanted is not None:
        setting = finder.setting(evidence, wanted)
    setting = finder.usual if setting is None else setting
    found, probability = [], []
    for index, each in enumerate(evidence):
        times, chances = finder.select(each, setting)
        found.append(found_episode(episodes, index, times, chances))
        probability.append(chances)
    average = float(np.mean([len(episode.keyframes) for episode in found]))
    if wanted is not None and average > wanted:
        least = f"{name} finds at least {average:.1f} keyframes an episode here"
        raise InputError(f"{least}, because segments are no longer than it knows: ask for more than {wanted:g}")
    result = Found(
        source=str(episodes.attributes.get("source", "")),
        dataset=str(episodes.path),
        fps=episodes.fps,
        method=name,
        settings={finder.knob: float(setting)},
        episodes=found,
    )
    return result, probability


def frames_of(episodes: Episodes, view: Seen | None, first: int, begin: int, end: int) -> Frames:
    """What is seen of the frames `begin` … `end - 1` of the episode whose first frame is `first` of the dataset: (k,*shape)."""
    if view is not None:
        return view.read(episodes, first + begin, first + end)
    return episodes.read(FRAMES, first + begin, first + end)
