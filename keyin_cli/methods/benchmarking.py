"""All of `keyin benchmark` but its page: makes what is missing, lets every method look, scores. What was found is kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keyin_cli import machine, storage
from keyin_cli.datasets import generate
from keyin_cli.datasets.episodes.layout import KEYFRAMES, Episodes, open_episodes
from keyin_cli.datasets.shards import checksum
from keyin_cli.discovery.benchmark import kept, picture, texts
from keyin_cli.discovery.benchmark.kept import Kept
from keyin_cli.discovery.benchmark.reconstruction import reconstructions
from keyin_cli.discovery.benchmark.result import (
    KIND,
    MARKDOWN,
    PICTURE,
    TABLE,
    Dataset,
    LeftOut,
    Part,
    Reconstruction,
    Result,
    Row,
)
from keyin_cli.discovery.benchmark.rows import Truth, rows, truth
from keyin_cli.discovery.demonstrations import roles
from keyin_cli.discovery.peer import PIXELS
from keyin_cli.errors import InputError, shown
from keyin_cli.interrupts import interruptible
from keyin_cli.methods.contestants import Contestant, Job, contestants, found_by_peer, found_by_training, key
from keyin_cli.names import demonstrated
from keyin_cli.parallel import backend, spread
from keyin_cli.progress import say, track
from keyin_cli.recipe import GeneratedData, data_section, differences, digest

REPORT = "report.html"
KEPT = "stopped; what was found is kept: run the same command again to continue"
FOLDER = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Settings:
    """What changes results. `n`: episodes of datasets that are made; `minutes`: that each training is planned for."""

    n: int = 60
    seed: int = 1
    minutes: float = 15.0


@dataclass(frozen=True)
class Entry:
    """A dataset that takes part, under its name."""

    name: str
    episodes: Episodes
    true: Truth
    content: str


Jobs = Sequence[tuple[Entry, Job]]


def benchmark(
    datasets: Sequence[str],
    methods: Sequence[str],
    settings: Settings,
    out: Path,
    workers: int,
    dask: str | None = None,
    overwrite: bool = False,
) -> Result:
    """Let every method find the keyframes of every dataset, and score them; what is finished is not done again.

    Args:
        datasets: kinds of dataset, or paths of labelled episodes; all kinds that have such when there are none.
        methods: all when there are none.
        out: a directory; it gets `table.json`, `table.md` and `reconstruction.png`, and a folder for each dataset.
        workers: processes on this machine, for methods that are not trained.
        dask: address of a Dask scheduler, instead.
        overwrite: begin anew; datasets that were made are kept.

    Returns:
        What `table.json` has.

    Raises:
        InputError: there is no such dataset or method, a dataset has no labels, or `out` holds something else, or other settings.
        Interrupted: a signal came; what was found is kept.
    """
    who, wanted = contestants(methods), _wanted(datasets or demonstrated(), settings)
    _check_outside(out, wanted)
    storage.check_ours(out, KIND)  # nothing of others may lie there: --overwrite deletes it
    with interruptible(KEPT), storage.locked(out):
        storage.check_ours(out, KIND)
        _check_settings(out, settings, overwrite)
        there = [_entry(name, data, workers, dask) for name, data in wanted.items()]
        jobs = [(each, _job(each, contestant, settings, out)) for each in there for contestant in who]
        done = {} if overwrite else _done(jobs)
        _check_room([pair for pair in jobs if pair[1] not in done], 1 if dask else workers)
        if overwrite:
            storage.remove_ours(out, KIND)
        manifest = _manifest(settings, there)
        storage.write_json(out / storage.MANIFEST, manifest)  # before all else: it says whose directory this is
        found = _found([job for _, job in jobs], done, workers, dask)
        result = _result(there, jobs, found, settings)
        storage.write(out / MARKDOWN, texts.markdown(result))
        picture.draw(out / PICTURE, result)
        storage.write_json(out / TABLE, result.model_dump(mode="json"))
        storage.write_json(out / storage.MANIFEST, manifest | {"finished": storage.now()})
    return result


def _wanted(datasets: Sequence[str], settings: Settings) -> dict[str, GeneratedData | Path]:
    """What to make or open, by name.

    Raises:
        InputError: there is no such dataset, or two have one name.
    """
    found: dict[str, GeneratedData | Path] = {}
    kinds = demonstrated()
    data: GeneratedData | Path
    for given in dict.fromkeys(datasets):
        if given in kinds:
            path = Path("artifacts/data") / f"{given}-n{settings.n}-seed{settings.seed}.zarr"
            chosen = {"n": settings.n, "seed": settings.seed, "path": str(path)}
            name, data = given, data_section(given, [], chosen)
        elif os.path.lexists(given):
            name, data = FOLDER.sub("-", Path(os.path.abspath(given)).stem).lstrip("._-")[:200] or "episodes", Path(given)
            there = open_episodes(Path(given))
            truth(there)  # before anything is made
            roles(there)
        else:
            raise InputError(f"no dataset {shown(given)}: give the path of labelled episodes, or one of {', '.join(kinds)}")
        if name in found:
            raise InputError(f"two datasets are called {name}: rename one of them")
        found[name] = data
    if not found:
        raise InputError("there is no dataset: give the path of labelled episodes")
    return found


def _check_outside(out: Path, wanted: Mapping[str, GeneratedData | Path]) -> None:
    """Raises:
    InputError: a dataset lies in the output directory, which may be begun anew, or that in a dataset.
    """
    ours = Path(os.path.realpath(out))
    for data in wanted.values():
        path = data if isinstance(data, Path) else Path(data.path)
        theirs = Path(os.path.realpath(path))
        if theirs.is_relative_to(ours):
            raise InputError(f"{shown(path)} lies in {shown(out)}, where results go: give another --out")
        if ours.is_relative_to(theirs):
            raise InputError(f"{shown(out)} lies in the dataset {shown(path)}: give another --out")


def _entry(name: str, data: GeneratedData | Path, workers: int, dask: str | None) -> Entry:
    if isinstance(data, GeneratedData):
        generate.ensure(data, workers, dask)
        episodes = open_episodes(Path(data.path))
    else:
        episodes = open_episodes(data)
    return Entry(name, episodes, truth(episodes), content(episodes))


def content(episodes: Episodes) -> str:
    """Hash of all that methods see of a dataset and are scored by, whoever made it."""
    arrays = sorted([KEYFRAMES, *(f"data/{name}" for name in episodes.signals)])
    sums = [[checksum(episodes.episode(index, name)) for index in range(episodes.n)] for name in arrays]
    return digest([episodes.sha256, episodes.attributes.get("roles"), episodes.fps, arrays, sums])


def _check_settings(out: Path, settings: Settings, overwrite: bool) -> None:
    """Raises:
    InputError: what is there was made with other settings.
    """
    if (out / storage.MANIFEST).is_file() and not overwrite:
        changes = differences(storage.read_manifest(out)["recipe"], asdict(settings))
        if changes:
            what = f"{shown(out)} was made with other settings ({', '.join(changes)})"
            raise InputError(f"{what}: give another --out, or --overwrite to begin anew")


def _manifest(settings: Settings, there: Sequence[Entry]) -> dict[str, Any]:
    return storage.provenance() | {
        "kind": KIND,
        "recipe": asdict(settings),
        "inputs": {each.name: {"path": str(each.episodes.path), "sha256": each.content} for each in there},
        "seed": settings.seed,
    }


def _job(entry: Entry, contestant: Contestant, settings: Settings, out: Path) -> Job:
    return Job(
        contestant=contestant,
        data=entry.episodes.path,
        counts=tuple(entry.true.counts.tolist()),
        folder=out / entry.name / contestant.part / contestant.method,
        seed=settings.seed,
        minutes=settings.minutes,
        key=key(contestant, entry.content, settings.seed, settings.minutes),
    )


def _done(jobs: Jobs) -> dict[Job, Kept]:
    """What was found before, by the jobs that need not be done again."""
    found = {job: kept.read(job.folder / kept.FILE, job.key, entry.true.lengths) for entry, job in jobs}
    return {job: each for job, each in found.items() if each is not None}


def _check_room(todo: Jobs, workers: int) -> None:
    """Raises:
    InputError: a dataset does not fit into memory as often as it is looked at at once.
    """
    for entry in {entry.name: entry for entry, _ in todo}.values():
        # Methods that are trained look one after another, in this process.
        peers = sum(of is entry and not job.contestant.trained for of, job in todo)
        needed = 2 * entry.episodes.total * int(np.prod(entry.episodes.image))  # as bytes, and what is made of them
        at_once = max(min(workers, peers), 1)
        less = "give fewer --workers" if at_once > 1 else "give fewer or smaller episodes"
        machine.check_room(needed * at_once, f"looking at {shown(entry.episodes.path)}", less)


def _found(jobs: Sequence[Job], done: Mapping[Job, Kept], workers: int, dask: str | None) -> Mapping[Job, Kept | str]:
    """What was found by every job, those that were done before among them; or why not."""
    found: dict[Job, Kept | str] = {**done}
    if found and len(found) < len(jobs):
        say(f"{len(found)} of {len(jobs)} are done, continuing")
    with track("methods", len(jobs), len(found)) as advance:
        for job, each in _looking([job for job in jobs if job not in done], workers, dask):
            if isinstance(each, Kept):
                kept.write(job.folder / kept.FILE, each)
            found[job] = each
            advance()
    return found


def _looking(todo: Sequence[Job], workers: int, dask: str | None) -> Iterator[tuple[Job, Kept | str]]:
    """First those who may look in other processes, then those who are trained, one after another."""
    peers = [job for job in todo if not job.contestant.trained]
    sent = [replace(job, data=job.data.absolute()) for job in peers]  # workers may be elsewhere
    if peers:
        with backend(min(workers, len(peers)), dask):
            yield from zip(peers, spread(found_by_peer, sent), strict=True)
    for job in (job for job in todo if job.contestant.trained):
        say(f"{job.contestant.method} learns from {job.contestant.part} of {shown(job.data.name)}")
        yield job, found_by_training(job)


def _result(there: Sequence[Entry], jobs: Jobs, found: Mapping[Job, Kept | str], settings: Settings) -> Result:
    datasets, made, lines = [], list[Row](), list[Reconstruction]()
    for entry in there:
        ours = {job.contestant: found[job] for of, job in jobs if of is entry}
        reasons = {contestant: each for contestant, each in ours.items() if isinstance(each, str)}
        keyframes = {(who.part, who.method): each for who, each in ours.items() if isinstance(each, Kept)}
        if not keyframes:
            raise InputError(
                f"no method can look at {shown(entry.episodes.path)}: {next(iter(reasons.values()), 'there is none')}"
            )
        made += rows(entry.name, entry.true, keyframes, settings.seed)
        of_pixels = {name: each for (part, name), each in keyframes.items() if part == PIXELS}
        lines += reconstructions(entry.name, entry.episodes, entry.true, of_pixels, settings.seed)
        datasets.append(_about(entry, reasons))
    return Result(seed=settings.seed, minutes=settings.minutes, datasets=datasets, rows=made, reconstructions=lines)


def _about(entry: Entry, reasons: Mapping[Contestant, str]) -> Dataset:
    judged = entry.true.judged
    return Dataset(
        name=entry.name,
        path=str(entry.episodes.path),
        sha256=entry.content,
        episodes=len(judged),
        scored=int(judged.sum()),
        events_per_episode=float(entry.true.counts[judged].mean()),
        left_out=[LeftOut(part=_part(who), method=who.method, reason=why) for who, why in reasons.items()],
    )


def _part(who: Contestant) -> Part:
    part: Any = who.part
    return part
