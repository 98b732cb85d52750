"""From keyframes that were found to rows of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import KEYFRAMES, Episodes
from keyin_cli.discovery.benchmark import kept, measures, protocol
from keyin_cli.discovery.benchmark.kept import Kept, Keyframes
from keyin_cli.discovery.benchmark.measures import HEADLINE, MEASURES
from keyin_cli.discovery.benchmark.result import GIVEN, NUMBERS, RANDOM, UNIFORM, Row
from keyin_cli.discovery.benchmark.sight import PARTS
from keyin_cli.errors import InputError, shown


@dataclass(frozen=True)
class Truth:
    """Labels (k,T) of a dataset as they are scored, and the lengths (k,) of its episodes."""

    times: NDArray[np.bool_]
    lengths: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Keyframes of every episode (k,)."""
        return self.times.sum(1)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which episodes are scored (k,)."""
        return ~protocol.choosing(len(self.lengths))


def truth(episodes: Episodes) -> Truth:
    """The labels of a dataset.

    Raises:
        InputError: it has none, or too few episodes.
    """
    where = shown(episodes.path)
    if not episodes.labelled:
        raise InputError(f"{where} has no labels to score against: import it with --labels")
    if episodes.n < protocol.LEAST:
        raise InputError(f"{where} has {episodes.n} episode, at least {protocol.LEAST} are needed: import more")
    lengths = episodes.lengths
    true = np.zeros((episodes.n, int(lengths.max())), np.bool_)
    for index, length in enumerate(lengths):
        true[index, :length] = episodes.episode(index, KEYFRAMES)
    found = Truth(protocol.scored(true, lengths), lengths)
    if not found.times[found.judged].any():
        raise InputError(f"{where} has no labels in the episodes that are scored: import it with --labels")
    return found


def rows(dataset: str, true: Truth, found: Mapping[tuple[str, str], Kept], seed: int) -> list[Row]:
    """The rows of a dataset, those of each of its tables by F1 within one frame, the best first.

    Args:
        found: what every method found, by part and method.
    """
    chance = _chance(true, seed)
    made: list[Row] = []
    for part in PARTS:
        there = {method: each for (of, method), each in found.items() if of == part}
        for number in NUMBERS if there else ():
            entries = {method: each for method, each in there.items() if _by(each, number) is not None}
            if entries:
                made += _table(dataset, part, number, true, entries, chance, seed)
    return made


def _table(
    dataset: str,
    part: str,
    number: str,
    true: Truth,
    entries: Mapping[str, Kept],
    chance: Mapping[str, Sequence[NDArray[np.bool_]]],
    seed: int,
) -> list[Row]:
    sums, parts = {}, []
    for method, sets in chance.items():
        row, sums[method] = _row(true, sets, seed)
        parts.append(row | {"method": method, "told": number != GIVEN})
    for method, each in entries.items():
        keyframes = _by(each, number)
        assert keyframes is not None
        row, sums[method] = _row(true, [kept.times(keyframes, true.lengths)], seed)
        about = each.model_dump(include={"actions", "preparation_seconds", "seconds_per_episode", "peak_memory_bytes"})
        parts.append(row | {"method": method} | about)
    parts.sort(key=lambda row: -row["scores"][HEADLINE].value)
    best = next(row["method"] for row in parts if not row.get("told"))
    for row in parts:
        if row["method"] != best:
            row["against_best"] = measures.difference(sums[row["method"]], sums[best], best, seed)
    return [Row.model_validate({"dataset": dataset, "part": part, "number": number, **row}) for row in parts]


def _by(each: Kept, number: str) -> Keyframes | None:
    return each.given if number == GIVEN else each.own


def _row(true: Truth, sets: Sequence[NDArray[np.bool_]], seed: int) -> tuple[dict[str, Any], list[measures.Sums]]:
    """Scores of a set of keyframes, or of several together, and the sums of the one by which rows are compared. One shift is
    chosen for all sets."""
    moved, shift = protocol.aligned(sets, true.times, true.lengths)
    judged = true.judged
    all_sums = {
        name: [measure.sums(each[judged], true.times[judged], true.lengths[judged]) for each in moved]
        for name, measure in MEASURES.items()
    }
    row = {
        "shift": shift,
        "keyframes_per_episode": float(np.mean([each[judged].sum(1).mean() for each in moved])),
        "scores": {name: measures.score(each, seed) for name, each in all_sums.items()},
    }
    return row, all_sums[HEADLINE]


def _chance(true: Truth, seed: int) -> dict[str, list[NDArray[np.bool_]]]:
    """As many keyframes as there are true ones: evenly spaced, and random ones, drawn several times."""
    rng = np.random.default_rng(seed)
    draws = [protocol.random(true.counts, true.lengths, rng) for _ in range(protocol.DRAWS)]
    return {UNIFORM: [protocol.uniform(true.counts, true.lengths)], RANDOM: draws}
