"""Who takes part in `keyin benchmark`, and what each finds in a dataset: keyframes of all episodes, with both numbers.

Methods with `peers` look at demonstrations and may do so in other processes; those with a `finder` alone are trained first, by
what `keyin find` does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyin_cli import __version__, machine
from keyin_cli.datasets.episodes.layout import open_episodes
from keyin_cli.discovery.benchmark.kept import Kept
from keyin_cli.discovery.benchmark.protocol import COUNTS
from keyin_cli.discovery.benchmark.result import CHANCE, REFERENCES
from keyin_cli.discovery.benchmark.sight import PARTS, visible
from keyin_cli.discovery.demonstrations import demonstration, observed
from keyin_cli.discovery.peer import PIXELS, SIGNALS
from keyin_cli.errors import Different, InputError, Interrupted, RunError, shown
from keyin_cli.methods import answers, sources
from keyin_cli.methods.registry import method
from keyin_cli.names import competing, peering
from keyin_cli.recipe import digest
from keyin_cli.registry import METHODS

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.layout import Episodes

ABSOLUTE = re.compile(r"(?<![\w.:/~-])/(?:[^\s/'\"]+/)*([^\s/'\"(),;:]+)/?")  # a path from the root on, and its last part


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
        if name in REFERENCES:
            raise InputError(f"method {name} of {card.module} has the name of a row that is no method's: rename it")
        if strange := [part for part in parts if part not in PARTS]:
            raise InputError(f"method {name} of {card.module} looks at {shown(strange[0])}: there are {', '.join(PARTS)}")
        rest = PARTS if "finder" in card.given else ()
        found += [Contestant(name, part, part not in parts) for part in PARTS if part in (*parts, *rest)]
    return found


def _counts(contestant: Contestant) -> tuple[int, ...]:
    """Numbers of keyframes that it is told, so that episodes are reconstructed: frames are, signals have no common scale."""
    return COUNTS if contestant.part == PIXELS else ()


def key(contestant: Contestant, content: str, seed: int, minutes: float) -> str:
    """Hash of what a contestant's keyframes depend on; `content` is that of the dataset."""
    told: dict[str, Any] = {"method": contestant.method, "part": contestant.part, "content": content, "seed": seed}
    told |= {"minutes": minutes} if contestant.trained else {}
    told |= {"counts": counts} if (counts := _counts(contestant)) else {}
    told |= {"source": sources.digest(METHODS.cards[contestant.method].module), "version": __version__}
    return digest(told)


def found_by_peer(job: Job) -> Kept | str:
    """What a method without training of ours finds; why not, where it cannot look at such a dataset."""
    machine.forget_peak()
    return _or_why_not(job, partial(_peer_finds, job, open_episodes(job.data)))


def _peer_finds(job: Job, episodes: Episodes) -> Kept | str:
    contestant = job.contestant
    whole = [demonstration(episodes, index, contestant.part == SIGNALS) for index in range(episodes.n)]
    sights = [visible(contestant.part, each) for each in whole]
    loaded = time.monotonic()
    peer = method(contestant.method).peers[contestant.part]([sight.shown for sight in sights], job.seed)
    made = time.monotonic()
    found = [
        answers.answer(peer, partial(peer.look, sight.shown), count, len(sight.shown), contestant.method, _counts(contestant))
        for sight, count in zip(sights, job.counts, strict=True)
    ]
    given = answers.given(found)
    if given is None and not peer.own:
        return f"{contestant.method} neither chooses how many keyframes there are nor can be told it"
    return Kept(
        key=job.key,
        knob=peer.knob,
        usual=float(peer.usual) if peer.own else None,
        given=given,
        own=[each.own for each in found] if peer.own else None,
        actions=any(sight.watched.actions for sight in sights),
        preparation_seconds=round(made - loaded, 3),
        seconds_per_episode=round(sum(each.seconds for each in found) / len(found), 4),
        peak_memory_bytes=machine.recent_peak(),
        told=answers.told(found),
    )


def found_by_training(job: Job) -> Kept | str:
    """What a method finds that is trained on the episodes without labels, as `keyin find` does it.

    Raises:
        InputError: what is in its folder was trained otherwise.
    """
    machine.forget_peak()
    try:
        return _or_why_not(job, partial(_trained_finds, job, open_episodes(job.data)))
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
    made = time.monotonic() - begun
    found = []
    for index, (length, count) in enumerate(zip(episodes.lengths.tolist(), job.counts, strict=True)):
        read = partial(frames_of, episodes, view, int(episodes.begins[index]))
        whole, look = answers.Whole(finder), partial(finder.look, read, length)
        found.append(answers.answer(whole, look, count, length, contestant.method, _counts(contestant)))
    manifests = [read_manifest(file.parent) for file in checkpoint.files.values()]
    return Kept(
        key=job.key,
        knob=finder.knob,
        usual=float(finder.usual),
        given=answers.given(found),
        own=[each.own for each in found],
        actions=False,
        preparation_seconds=round(made + sum(each["seconds"] + each.get("preparation_seconds", 0.0) for each in manifests), 3),
        seconds_per_episode=round(sum(each.seconds for each in found) / len(found), 4),
        peak_memory_bytes=max([machine.recent_peak(), *(each.get("peak_memory_bytes", 0) for each in manifests)]),
        told=answers.told(found),
    )


def _or_why_not(job: Job, find: Callable[[], Kept | str]) -> Kept | str:
    """What a method finds; in a line why not, where it cannot, or where a package of others fails. The line is published, so it
    has names of files without their folders.

    Raises:
        Different: what is there was trained otherwise.
    """
    name = job.contestant.method
    try:
        return find()
    except (Different, Interrupted, RunError):
        raise
    except InputError as error:
        return named(str(error), job.data, job.folder)
    except Exception as error:
        if _ours(name):
            raise
        reason = named(" ".join(f"{type(error).__name__}: {error}".split()), job.data, job.folder)
        return f"{name} failed ({reason[:120]}): mend or uninstall its package"


def named(line: str, *places: Path) -> str:
    """A line in which every absolute path is the name of its file: paths of `places`, which may hold blanks, and all others that
    hold none."""
    for place in places:
        line = line.replace(shown(place.absolute()), place.name)
    return ABSOLUTE.sub(r"\1", line)


def _ours(name: str) -> bool:
    card = METHODS.cards.get(name)
    return card is not None and card.module.startswith("keyin_cli.")
