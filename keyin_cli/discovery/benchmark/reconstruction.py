"""How well episodes are reconstructed from keyframes of every method (`protocol`, rule 7), as rows with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import FRAMES, Episodes
from keyin_cli.discovery.benchmark import blend, protocol
from keyin_cli.discovery.benchmark.kept import Kept, Keyframes
from keyin_cli.discovery.benchmark.protocol import COUNTS
from keyin_cli.discovery.benchmark.result import EVENTS, OPTIMUM, RANDOM, UNIFORM, Point, Reconstruction, Score
from keyin_cli.discovery.benchmark.rows import Truth
from keyin_cli.discovery.f1 import RESAMPLES
from keyin_cli.errors import shown
from keyin_cli.progress import track
from keyin_cli.statistics import interval_of_mean

Asked = tuple[str, int | None]  # whose keyframes, and how many were asked for
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """Of an episode, the means over sets of keyframes: dB, dB of as many uniform keyframes, and how many there are."""

    psnr: float
    uniform: float
    count: float


def reconstructions(dataset: str, episodes: Episodes, true: Truth, found: Mapping[str, Kept], seed: int) -> list[Reconstruction]:
    """The lines of a dataset: every method that was told numbers, chance, the optimum and the events; the best first, by the mean
    over numbers of what they are better than uniform, events last.

    Args:
        found: what methods found that look at pixels. Without one that was told numbers there are no lines.

    Raises:
        InputError: the dataset cannot be read.
    """
    if not any(each.told for each in found.values()):
        return []
    sets, qualities = _sets(true, found, seed), dict[Asked, list[Quality]]()
    with track(f"reconstructing {shown(dataset)}", episodes.n) as advance:
        for index, length in enumerate(true.lengths.tolist()):
            if protocol.reconstructed(length):
                segments = blend.segment_errors(blend.inner_products(episodes.episode(index, FRAMES)))
                some = {asked: [each[index] for each in those] for asked, those in sets.items()}
                for asked, quality in qualities_of(segments, int(np.prod(episodes.image)) * length, some).items():
                    qualities.setdefault(asked, []).append(quality)
            advance()
    lines = [
        Reconstruction(
            dataset=dataset,
            method=name,
            episodes=sum(map(protocol.reconstructed, true.lengths.tolist())),
            actions=name in found and found[name].actions,
            points=[_point(name, count, those, seed) for (of, count), those in qualities.items() if of == name],
        )
        for name in dict.fromkeys(name for name, _ in qualities)
    ]
    return sorted(lines, key=lambda line: (line.method == EVENTS, -_gain(line)))


def qualities_of(segments: Floats, values: int, sets: Mapping[Asked, Sequence[Sequence[int]]]) -> dict[Asked, Quality]:
    """Of one episode of n frames the quality of all sets of keyframes, and of the optimum.

    Args:
        segments: see `blend.segment_errors`, (n,n).
        values: of all frames.
        sets: keyframes by who found them; the means of several sets are taken.
    """
    n, even = len(segments), dict[int, float]()

    def decibels(keyframes: Sequence[int]) -> float:
        return blend.psnr(blend.error(segments, keyframes), values)

    def as_many(count: int) -> float:
        if count not in even:
            even[count] = decibels(np.flatnonzero(protocol.uniform(np.array([count]), np.array([n]))[0]).tolist())
        return even[count]

    best = blend.optimum(segments, max(COUNTS))
    optimal: dict[Asked, Sequence[Sequence[int]]] = {(OPTIMUM, count): [best[count]] for count in COUNTS}
    those, found = {**sets, **optimal}, dict[Asked, Quality]()
    for (name, count), several in those.items():
        each = [(decibels(keyframes), as_many(len(keyframes)), len(keyframes)) for keyframes in several]
        found[name, count] = Quality(*(float(np.mean(column)) for column in zip(*each, strict=True)))
    return found


def _sets(true: Truth, found: Mapping[str, Kept], seed: int) -> dict[Asked, list[Keyframes]]:
    """Keyframes of all episodes, one set of them or several, by who found them and how many were asked for."""
    rng, sets = np.random.default_rng(seed), dict[Asked, list[Keyframes]]()
    for name, each in found.items():
        sets |= {(name, told.count): [told.keyframes] for told in each.told}
    for count in COUNTS:
        counts = np.array([count if protocol.reconstructed(length) else 0 for length in true.lengths.tolist()])
        sets[UNIFORM, count] = [_frames(protocol.uniform(counts, true.lengths))]
        sets[RANDOM, count] = [_frames(protocol.random(counts, true.lengths, rng)) for _ in range(protocol.DRAWS)]
    return sets | {(EVENTS, None): [_frames(true.times)]}


def _frames(times: NDArray[np.bool_]) -> Keyframes:
    return [np.flatnonzero(row).tolist() for row in times]


def _point(name: str, count: int | None, those: Sequence[Quality], seed: int) -> Point:
    psnr, uniform, counts = np.array([(each.psnr, each.uniform, each.count) for each in those]).T
    return Point(
        count=count,
        keyframes_per_episode=float(counts.mean()),
        psnr=_score(psnr, seed),
        against_uniform=None if name == UNIFORM else _score(psnr - uniform, seed),
    )


def _score(values: Floats, seed: int) -> Score:
    return Score(value=float(values.mean()), ci95=list(interval_of_mean(values, RESAMPLES, seed)))


def _gain(line: Reconstruction) -> float:
    """dB that a line is above uniform, on average over numbers."""
    return float(np.mean([point.against_uniform.value if point.against_uniform else 0.0 for point in line.points]))
