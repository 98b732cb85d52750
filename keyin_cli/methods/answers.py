"""What a method of the benchmark is asked about an episode, and what it answers: keyframes, whatever number of them is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.discovery.benchmark import protocol
from keyin_cli.discovery.benchmark.kept import Keyframes, Told
from keyin_cli.errors import InputError

if TYPE_CHECKING:
    from keyin_cli.discovery.finding import Finder

Frames = list[int]


class Whole:
    """A finder, asked episode by episode as a peer is."""

    own = True

    def __init__(self, finder: Finder) -> None:
        self.finder, self.usual = finder, finder.usual

    def setting(self, evidence: Any, wanted: int) -> float:
        return self.finder.setting([evidence], wanted)

    def select(self, evidence: Any, setting: float) -> NDArray[np.bool_]:
        return self.finder.select(evidence, setting)[0]


@dataclass(frozen=True)
class Answer:
    """Keyframes of an episode.

    Attributes:
        given: where their number is told, None of a method that cannot be told.
        own: where a method chooses it, none of one that does not.
        seconds: of looking and of these two.
        told: by number, for its reconstruction; None of one that the method cannot be told, nothing of an episode that is not
            reconstructed.
    """

    given: Frames | None
    own: Frames
    seconds: float
    told: dict[int, Frames | None] = field(default_factory=dict)


def answer(
    asked: Any, look: Callable[[], Any], count: int, length: int, name: str, counts: Sequence[int] = protocol.COUNTS
) -> Answer:
    """Ask a method about an episode.

    Args:
        asked: a `Peer`, or `Whole`.
        look: gives what is to be known of the episode.
        count: its true number of keyframes, `length` its frames.
        name: of the method.
        counts: that it is told one after another, for reconstruction.

    Raises:
        InputError: keyframes are no such array.
    """
    begun = time.monotonic()
    evidence = look()
    given = _told(asked, evidence, count, length, name)
    own = _frames(asked.select(evidence, asked.usual), length, name) if asked.own else []
    seconds = time.monotonic() - begun
    some = counts if protocol.reconstructed(length) else ()
    return Answer(given, own, seconds, {each: _told(asked, evidence, each, length, name) for each in some})


def given(answers: Sequence[Answer]) -> Keyframes | None:
    """Keyframes of all episodes where their number is told; None of a method that cannot be told."""
    told = [each.given for each in answers if each.given is not None]
    return told if len(told) == len(answers) else None


def told(answers: Sequence[Answer], counts: Sequence[int] = protocol.COUNTS) -> list[Told]:
    """Keyframes of all episodes for each number that a method can be told; nothing where no episode is
    reconstructed."""
    found = []
    for count in counts:
        there = [each.told[count] for each in answers if count in each.told]
        if there and None not in there:
            found.append(Told(count=count, keyframes=[each.told.get(count) or [] for each in answers]))
    return found


def _told(asked: Any, evidence: Any, count: int, length: int, name: str) -> Frames | None:
    """None of a method that cannot be told."""
    try:
        setting = asked.setting(evidence, max(count, 1))
    except InputError:
        return None
    return _frames(asked.select(evidence, setting), length, name) if count else []


def _frames(times: Any, length: int, name: str) -> Frames:
    """Frames of keyframes (n,), without the first and the last.

    Raises:
        InputError: they are no such array.
    """
    array = np.asarray(times)
    if array.shape != (length,) or array.dtype != np.bool_:
        what = f"gave {array.shape} {array.dtype} for an episode of {length} frames, expected ({length},) bool"
        raise InputError(f"method {name} {what}: mend or uninstall its package")
    return [int(at) for at in np.flatnonzero(array) if 0 < at < length - 1]
