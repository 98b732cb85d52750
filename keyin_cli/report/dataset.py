"""Pages of datasets: episodes that `keyin import` made, and sequences of one length."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keyin_cli.datasets.episodes.layout import KEYFRAMES, SECONDS, SOURCE_FRAME, Episodes, open_episodes
from keyin_cli.datasets.store import open_dataset
from keyin_cli.discovery.found import FoundEpisode, found_episode
from keyin_cli.errors import InputError, shown
from keyin_cli.report.page import SHOWN, SHOWN_FRAMES, Editing, EpisodeView, Frames, Indices, Page

Span = tuple[int, int | None]
LABELS = "labels"
RATE = 10.0  # sequences a second, where a dataset says none


def episodes_page(path: Path, span: Span | None) -> Page:
    """A page of episodes; their labels, where they have some, are the keyframes that can be edited.

    Raises:
        InputError: there are none, or not those of `span`.
    """
    episodes = open_episodes(path)
    found = [_labelled(episodes, index) for index in range(episodes.n)] if episodes.labelled else [None] * episodes.n
    indices = chosen(episodes.lengths, span, path)
    source = str(episodes.attributes.get("source", ""))
    return Page(
        kind="episodes",
        title=shown(path.absolute().stem),
        about="Episodes as they were imported. Step through them, mark keyframes, download them as labels.",
        facts={
            "episodes": f"{episodes.n:,}",
            "frames": extent(episodes),
            "frames a second": f"{episodes.fps:g}",
            "labels": f"{sum(len(each.keyframes) for each in found if each):,} keyframes" if episodes.labelled else "none",
            "source": shown(source or "unknown"),
        },
        episodes=[view(episodes, index, found[index]) for index in indices],
        fps=episodes.fps,
        left_out=left_out(len(indices), episodes.n),
        editing=Editing(source, str(path), LABELS if episodes.labelled else "", rest=rest(found, indices)),
        manifests=_manifest(episodes.attributes),
    )


def view(episodes: Episodes, index: int, found: FoundEpisode | None, places: Indices | None = None, **more: Any) -> EpisodeView:
    """An episode of a dataset with what was found in it; `places` are the keyframes' indices where they are known.

    Raises:
        InputError: its frames are not in order.
    """
    count, group = int(episodes.lengths[index]), episodes.group
    numbers = episodes.episode(index, SOURCE_FRAME) if SOURCE_FRAME in group else np.arange(count)
    seconds = np.nan_to_num(episodes.episode(index, SECONDS)) if SECONDS in group else numbers / episodes.fps
    if (np.diff(numbers) < 1).any():
        raise InputError(f"{shown(episodes.path)}: {SOURCE_FRAME} does not increase inside an episode: import it again")
    if found is not None and places is None:
        places = np.searchsorted(numbers, found.keyframes).astype(np.int64)
    return EpisodeView(
        number=episodes.source(index),
        name=episodes.names[index],
        read=partial(episodes.episode, index),
        source_frames=numbers,
        seconds=seconds,
        keyframes=places,
        found=found,
        signals={name: episodes.episode(index, f"data/{name}") for name in episodes.signals},
        **more,
    )


def sequences_page(path: Path, span: Span | None) -> Page:
    """A page of sequences of one length.

    Raises:
        InputError: there are none, or not those of `span`.
    """
    dataset = open_dataset(path)
    indices = np.array(chosen(np.full(dataset.n, dataset.frames), span, path), np.int64)
    labels = dataset.read("keyframes", indices) if dataset.labelled else [None] * len(indices)
    return Page(
        kind="sequences",
        title=shown(path.absolute().stem),
        about="Sequences of one length. Step through them, mark keyframes, download them.",
        facts={
            "sequences": f"{dataset.n:,}",
            "frames": f"{dataset.frames} each, {'×'.join(map(str, dataset.image))}",
            "labels": "yes" if dataset.labelled else "none",
        },
        episodes=[
            sequence_view(dataset.read, int(index), dataset.frames, None if each is None else np.flatnonzero(each))
            for index, each in zip(indices, labels, strict=True)
        ],
        fps=RATE,
        left_out=left_out(len(indices), dataset.n, "sequences"),
        editing=Editing("", str(path), LABELS if dataset.labelled else ""),
        manifests=_manifest(dataset.attributes),
    )


def sequence_view(read: Any, index: int, count: int, keyframes: Indices | None, **more: Any) -> EpisodeView:
    """A sequence of `count` frames of a dataset of sequences, which `read` reads."""

    def frames() -> Frames:
        rows: Frames = read("frames", np.array([index]), count)
        return rows[0]

    numbers = np.arange(count)
    return EpisodeView(index, f"sequence {index}", frames, numbers, numbers / RATE, keyframes, **more)


def extent(episodes: Episodes) -> str:
    """How long episodes are, and how large: `60 to 122 each, 64×64×3`."""
    lengths = dict.fromkeys(f"{length:,}" for length in (episodes.lengths.min(), episodes.lengths.max()))
    return f"{' to '.join(lengths)} each, {'×'.join(map(str, episodes.image))}"


def chosen(lengths: NDArray[np.int64], span: Span | None, path: Path) -> list[int]:
    """The episodes that are shown: those of the range, or the first ones, as many as a page holds.

    Raises:
        InputError: there are none in the range, or more than a page holds.
    """
    wanted = list(range(*slice(*(span or (0, SHOWN))).indices(len(lengths))))
    if not wanted:
        raise InputError(f"--episodes: {shown(path)} has the episodes 0 to {len(lengths) - 1}: give others")
    fitting = int(np.searchsorted(np.cumsum(lengths[wanted]), SHOWN_FRAMES, side="right"))
    if span and fitting < len(wanted):
        raise InputError(
            f"--episodes: a page holds {SHOWN_FRAMES:,} frames, those of {max(1, fitting)} episodes here: give fewer"
        )
    return wanted[: max(1, fitting)]


def left_out(shown_count: int, count: int, what: str = "episodes") -> str:
    """A line that says how many are not shown; empty where all are."""
    if shown_count == count:
        return ""
    return f"{shown_count:,} of {count:,} {what} are shown here; --episodes FROM:TO shows others."


def rest(found: Sequence[FoundEpisode | None], indices: Sequence[int]) -> list[FoundEpisode]:
    """What is known of episodes that are not shown."""
    there = set(indices)
    return [each for index, each in enumerate(found) if each is not None and index not in there]


def _labelled(episodes: Episodes, index: int) -> FoundEpisode:
    return found_episode(episodes, index, episodes.episode(index, KEYFRAMES))


def _manifest(attributes: dict[str, Any]) -> dict[str, Any]:
    """What a dataset says of itself, without what it says of every episode and shard."""
    told = {key: value for key, value in attributes.items() if key not in ("episodes", "shards")}
    return {"dataset": told} if told else {}
