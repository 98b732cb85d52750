"""The page of `keyin benchmark`: its tables, and some episodes with their true events and every method's keyframes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sized
from dataclasses import replace
from pathlib import Path

import numpy as np

from keyin_cli import storage
from keyin_cli.datasets.episodes.layout import KEYFRAMES, Episodes, open_episodes
from keyin_cli.discovery.benchmark import kept, protocol, result, texts
from keyin_cli.discovery.benchmark.kept import Keyframes
from keyin_cli.discovery.benchmark.measures import HEADLINE, MEASURES
from keyin_cli.discovery.benchmark.result import CHANCE, Dataset, Result, Row
from keyin_cli.errors import InputError, shown
from keyin_cli.report.dataset import Span, chosen, left_out, view
from keyin_cli.report.evaluation import inside
from keyin_cli.report.page import Cell, EpisodeView, Interval, Page, Table

EPISODES = 4  # of each dataset that are shown, unless others are asked for
COLUMNS = ["method", *(each.title for each in MEASURES.values()), "keyframes", "shift", "against the best", "s an episode"]

LOCKED = (
    "Keyframes are as methods find them, before any shift, and where they choose the number themselves; "
    "a method with a star cannot, and was told it."
)


def is_benchmark(path: Path) -> bool:
    """Whether a directory is an output of `keyin benchmark`."""
    if not ((path / result.TABLE).is_file() and (path / storage.MANIFEST).is_file()):
        return False
    try:
        return bool(storage.read_manifest(path)["kind"] == result.KIND)
    except InputError:
        return False


def page(path: Path, span: Span | None = None) -> Page:
    """The page of an output directory.

    Args:
        span: the scored episodes of every dataset that are shown, counted from 0; None shows the first ones.

    Raises:
        InputError: files are damaged, or there are no such episodes.
    """
    found = result.read(path / result.TABLE)
    tables, told, fps = found.tables(), [], []
    views: list[EpisodeView] = []
    for dataset in found.datasets:
        place = Path(dataset.path)
        if not os.path.isdir(place):
            told.append(f"The dataset {shown(dataset.path)} is not here, so none of its episodes are shown.")
            continue
        episodes = open_episodes(place)
        fps.append(episodes.fps)
        judged = np.flatnonzero(~protocol.choosing(episodes.n))
        some = judged[chosen(episodes.lengths[judged], span or (0, EPISODES), path)].tolist()
        those = [row for key, rows in tables.items() if key[0] == dataset.name for row in rows]
        lanes = _lanes(path, episodes, [row for row in those if row.method not in CHANCE])
        views += [_view(dataset, episodes, index, lanes) for index in some]
        told += [f"{shown(dataset.name)}: {line}" for line in [left_out(len(some), len(judged), "scored episodes")] if line]
    methods = {row.method for row in found.rows}
    compared = next((name for name in (views[0].others if views else ()) if all(name in each.others for each in views)), "")
    views = [_first(each, compared) for each in views]
    return Page(
        kind="benchmark",
        title=shown(path.absolute().name),
        about=f"{_count(found.datasets, 'dataset')}, {_count(methods, 'method')}, protocol {found.version}.",
        facts={shown(each.name): _facts(each) for each in found.datasets}
        | {"seed": str(found.seed), "trainings": f"planned for {found.minutes:g} min each"},
        episodes=views,
        fps=fps[0] if fps else 10.0,
        left_out=" ".join(told),
        compared=compared,
        locked=LOCKED if views else "",
        tables=[*(table(texts.title(key), rows) for key, rows in tables.items()), *_reconstructions(found), *_reasons(found)],
        pictures=inside(path, [path / result.PICTURE] if found.reconstructions else []),
        manifests={"benchmark": storage.read_manifest(path)},
    )


def table(title: str, rows: list[Row]) -> Table:
    """Rows of one table of the benchmark as a table of the page."""
    what = "; ".join(f"{each.title}: {each.help}" for each in MEASURES.values())
    return Table(title, COLUMNS, [_cells(row) for row in rows], [f"{what}.", *texts.notes(rows)])


def _cells(row: Row) -> list[Cell]:
    plain = dict(zip(texts.COLUMNS, texts.cells(row), strict=True))
    scores: list[Cell] = []
    for name in MEASURES:
        each = row.scores.get(name)
        if each is None:
            scores.append("–")
        else:
            scores.append(Interval(each.value, each.ci95[0], each.ci95[1]) if name == HEADLINE else f"{each.value:.3f}")
    rest = [plain[name] for name in ("keyframes", "shift", "against the best [95 %]", "s an episode")]
    return [plain["method"], *scores, *rest]


def _count(things: Sized, what: str) -> str:
    return f"{len(things)} {what}{'s' * (len(things) != 1)}"


def _facts(dataset: Dataset) -> str:
    return f"{dataset.scored:,} of {dataset.episodes:,} episodes scored, {dataset.events_per_episode:.1f} events each"


def _reconstructions(found: Result) -> list[Table]:
    """How well episodes are reconstructed from keyframes, a table for each dataset."""
    return [
        Table(texts.reconstruction_title(dataset), *texts.reconstruction_table(lines), texts.reconstruction_notes(lines))
        for dataset, lines in found.lines().items()
    ]


def _reasons(found: Result) -> list[Table]:
    """Who could not look at what, and why."""
    rows: list[list[Cell]] = [
        [shown(each.method), shown(dataset.name), each.part, shown(each.reason)]
        for dataset in found.datasets
        for each in dataset.left_out
    ]
    return [Table("Left out", ["method", "dataset", "looks at", "why"], rows)] if rows else []


def _lanes(path: Path, episodes: Episodes, rows: list[Row]) -> dict[str, Keyframes]:
    """Keyframes of all episodes by every method, by its name and what it looks at: those that it chose, if it can."""
    found: dict[str, Keyframes] = {}
    for row in rows:
        file = path / row.dataset / row.part / row.method / kept.FILE
        inside = file.resolve().is_relative_to(path.resolve())  # names are of others
        each = kept.read(file, None, episodes.lengths) if inside else None
        if each is not None:
            told = each.own is None
            found[f"{shown(row.method)}{texts.TOLD * told}, {row.part}"] = each.own or each.given or []
    return found


def _view(dataset: Dataset, episodes: Episodes, index: int, lanes: Mapping[str, Keyframes]) -> EpisodeView:
    """A scored episode. All its keyframes are those of `others`."""
    labels = np.flatnonzero(episodes.episode(index, KEYFRAMES)) if episodes.labelled else None
    others = {name: np.array(each[index], np.int64) for name, each in lanes.items()}
    made = view(episodes, index, None, labels=labels, others=others)
    return replace(made, name=f"{dataset.name}, {made.name}")


def _first(each: EpisodeView, compared: str) -> EpisodeView:
    """An episode with the keyframes of one method as those that are looked at."""
    others = {name: times for name, times in each.others.items() if name != compared}
    return replace(each, keyframes=each.others.get(compared), others=others)
