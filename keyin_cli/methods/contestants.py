"""Who takes part in `keyin benchmark`, and what each finds in a dataset: keyframes of all episodes, with both numbers.

Methods with `peers` look at demonstrations and may do so in other processes; those with a `finder` alone are trained first, by
what `keyin find` does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli import __version__, machine
from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.discovery.benchmark.kept import Kept
from keyin_cli.discovery.benchmark.result import CHANCE
from keyin_cli.discovery.benchmark.sight import PARTS, visible
from keyin_cli.discovery.demonstrations import demonstration, observed
from keyin_cli.discovery.peer import PIXELS, SIGNALS
from keyin_cli.errors import Different, InputError, Interrupted, RunError, shown
from keyin_cli.methods import sources
from keyin_cli.methods.registry import method
from keyin_cli.names import competing, peering
from keyin_cli.recipe import digest
from keyin_cli.registry import METHODS

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.layout import Episodes
    from keyin_cli.discovery.finding import Finder


@dataclass(frozen=True)
class Contestant:
    """A method that looks at a part of demonstrations. `trained`: whether a stage has to be trained for it."""

    method: str
    part: str
    trained: bool


@dataclass(frozen=True)
class Job:
    """What a contestant is to look at.

    Attributes:
        data: path of the episodes.
        counts: the true number of keyframes of each, for the tables in which it is told.
        folder: for what has to be trained.
        minutes: that a training is planned for.
        key: of what is kept.
    """

    contestant: Contestant
    data: Path
    counts: tuple[int, ...]
    folder: Path
    seed: int
    minutes: float
    key: str


def contestants(chosen: Sequence[str]) -> list[Contestant]:
    """Those of the methods that are chosen, or all; in the order of the registry. Chance is in every table, whoever is chosen.

    Raises:
        InputError: there is no such method.
    """
    known = [name for name in competing() if name not in CHANCE]
    if unknown := [name for name in chosen if name not in (*known, *CHANCE)]:
        raise METHODS.unknown(unknown[0], known, "method that finds keyframes of whole demonstrations")
    if chosen and not set(chosen) - set(CHANCE):
        raise InputError(f"{chosen[0]} is in every table by itself: name another method, too")
    peers = peering()
    found = []
    for name in [name for name in known if name in chosen or not chosen]:
        card = METHODS.cards[name]
        parts = peers.get(name, ())
        if strange := [part for part in parts if part not in PARTS]:
            raise InputError(f"method {name} of {card.module} looks at {shown(strange[0])}: there are {', '.join(PARTS)}")
        rest = PARTS if "finder" in card.given else ()
        found += [Contestant(name, part, part not in parts) for part in PARTS if part in (*parts, *rest)]
    return found


def key(contestant: Contestant, content: str, seed: int, minutes: float) -> str:
    """Hash of what a contestant's keyframes depend on; `content` is that of the dataset."""
    told: dict[str, Any] = {"method": contestant.method, "part": contestant.part, "content": content, "seed": seed}
    told |= {"minutes": minutes} if contestant.trained else {}
    told |= {"source": sources.digest(METHODS.cards[contestant.method].module), "version": __version__}
    return digest(told)


def found_by_peer(job: Job) -> Kept | str:
    """What a method without training of ours finds; why not, where it cannot look at such a dataset."""
    machine.forget_peak()
    return _or_why_not(job.contestant.method, partial(_peer_finds, job, open_episodes(job.data)))


def _peer_finds(job: Job, episodes: Episodes) -> Kept | str:
    contestant = job.contestant
    whole = [demonstration(episodes, index, contestant.part == SIGNALS) for index in range(episodes.n)]
    sights = [visible(contestant.part, each) for each in whole]
    loaded = time.monotonic()
    peer = method(contestant.method).peers[contestant.part]([sight.shown for sight in sights], job.seed)
    made = time.monotonic()
    found = [
        _both(peer, partial(peer.look, sight.shown), count, len(sight.shown), contestant.method)
        for sight, count in zip(sights, job.counts, strict=True)
    ]
    given = _all(found)
    if given is None and not peer.own:
        return f"{contestant.method} neither chooses how many keyframes there are nor can be told it"
    return Kept(
        key=job.key,
        knob=peer.knob,
        usual=float(peer.usual) if peer.own else None,
        given=given,
        own=[each for _, each in found] if peer.own else None,
        actions=any(sight.watched.actions for sight in sights),
        preparation_seconds=round(made - loaded, 3),
        seconds_per_episode=round((time.monotonic() - made) / len(found), 4),
        peak_memory_bytes=machine.recent_peak(),
    )


def found_by_training(job: Job) -> Kept | str:
    """What a method finds that is trained on the episodes without labels, as `keyin find` does it.

    Raises:
        InputError: what is in its folder was trained otherwise.
    """
    machine.forget_peak()
    try:
        return _or_why_not(job.contestant.method, partial(_trained_finds, job, open_episodes(job.data)))
    except Different as error:
        raise InputError(f"{error.what}: give another --out, or --overwrite to begin anew") from None


def _trained_finds(job: Job, episodes: Episodes) -> Kept | str:
    from keyin_cli.discovery.finding import frames_of
    from keyin_cli.methods import checkpoints, finders, learning
    from keyin_cli.storage import read_manifest

    contestant = job.contestant
    signals = observed(episodes) if contestant.part == SIGNALS else []
    if contestant.part == SIGNALS and not signals:
        return f"{contestant.method} needs signals, which this dataset has not"
    images = contestant.part == PIXELS
    run = learning.train(job.folder, episodes, contestant.method, signals, images, job.minutes, job.seed)
    begun = time.monotonic()
    checkpoint = checkpoints.load(run)
    finder, view = finders.made(contestant.method, checkpoint, episodes)
    found = []
    for index, (length, count) in enumerate(zip(episodes.lengths.tolist(), job.counts, strict=True)):
        read = partial(frames_of, episodes, view, int(episodes.begins[index]))
        found.append(_both(_Whole(finder), partial(finder.look, read, length), count, length, contestant.method))
    manifests = [read_manifest(file.parent) for file in checkpoint.files.values()]
    return Kept(
        key=job.key,
        knob=finder.knob,
        usual=float(finder.usual),
        given=_all(found),
        own=[each for _, each in found],
        actions=False,
        preparation_seconds=round(sum(each["seconds"] + each.get("preparation_seconds", 0.0) for each in manifests), 3),
        seconds_per_episode=round((time.monotonic() - begun) / len(found), 4),
        peak_memory_bytes=max([machine.recent_peak(), *(each.get("peak_memory_bytes", 0) for each in manifests)]),
    )


def _or_why_not(name: str, find: Callable[[], Kept | str]) -> Kept | str:
    """What a method finds; in a line why not, where it cannot, or where a package of others fails.

    Raises:
        Different: what is there was trained otherwise.
    """
    try:
        return find()
    except (Different, Interrupted, RunError):
        raise
    except InputError as error:
        return str(error)
    except Exception as error:
        if _ours(name):
            raise
        return f"{name} failed ({_reason(error)}): mend or uninstall its package"


def _ours(name: str) -> bool:
    card = METHODS.cards.get(name)
    return card is not None and card.module.startswith("keyin_cli.")


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


class _Whole:
    """A finder, asked episode by episode as a peer is."""

    own = True

    def __init__(self, finder: Finder) -> None:
        self.finder, self.usual = finder, finder.usual

    def setting(self, evidence: Any, wanted: int) -> float:
        return self.finder.setting([evidence], wanted)

    def select(self, evidence: Any, setting: float) -> NDArray[np.bool_]:
        return self.finder.select(evidence, setting)[0]


def _both(asked: Any, look: Callable[[], Any], count: int, length: int, name: str) -> tuple[list[int] | None, list[int]]:
    """Keyframes of an episode where their number is told, None of a method that cannot be told; and, of methods that choose,
    where it is not."""
    evidence = look()
    try:
        setting = asked.setting(evidence, max(count, 1))
    except InputError:
        given = None
    else:
        given = _frames(asked.select(evidence, setting), length, name) if count else []
    return given, _frames(asked.select(evidence, asked.usual), length, name) if asked.own else []


def _all(found: Sequence[tuple[list[int] | None, list[int]]]) -> list[list[int]] | None:
    """Keyframes of all episodes where their number is told; None of a method that cannot be told."""
    told = [given for given, _ in found if given is not None]
    return told if len(told) == len(found) else None


def _frames(times: Any, length: int, name: str) -> list[int]:
    """Frames of keyframes (n,), without the first and the last.

    Raises:
        InputError: they are no such array.
    """
    array = np.asarray(times)
    if array.shape != (length,) or array.dtype != np.bool_:
        what = f"gave {array.shape} {array.dtype} for an episode of {length} frames, expected ({length},) bool"
        raise InputError(f"method {name} {what}: mend or uninstall its package")
    return [int(at) for at in np.flatnonzero(array) if 0 < at < length - 1]
