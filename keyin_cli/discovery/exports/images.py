"""Subgoal images: a PNG of every keyframe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keyin_cli.datasets.episodes.layout import FRAMES, SOURCE_FRAME, Episodes
from keyin_cli.datasets.sources.source import LARGEST
from keyin_cli.discovery.found import Found, FoundEpisode
from keyin_cli.errors import InputError, shown
from keyin_cli.progress import track


def write(found: Found, folder: Path, episodes: Episodes) -> None:
    """Write `<episode>/<keyframe>.png`, numbers of the source, with as many px as the dataset's frames.

    Raises:
        InputError: the dataset has not these episodes and frames, or cannot be read.
    """
    height, width, channels = episodes.image
    if max(height, width) > LARGEST:
        raise InputError(f"{shown(episodes.path)} has frames of {height}x{width} px, expected at most {LARGEST}: import it again")
    indices = {episodes.source(index): index for index in range(episodes.n)}
    wanted = [episode for episode in found.episodes if episode.keyframes]
    with track("images, episodes", len(wanted)) as advance:
        for episode in wanted:
            if (index := indices.get(episode.episode)) is None:
                raise InputError(
                    f"{shown(episodes.path)} has no episode {episode.episode} of its source: "
                    "give the dataset that the keyframes were found in with --data"
                )
            inside = folder / f"{episode.episode:06d}"
            inside.mkdir()
            for keyframe, place in zip(episode.keyframes, places(episodes, index, episode), strict=True):
                (frame,) = episodes.read(FRAMES, place, place + 1)
                Image.fromarray(frame if channels == 3 else frame[..., 0]).save(inside / f"{keyframe:06d}.png", "PNG")
            advance()


def places(episodes: Episodes, index: int, episode: FoundEpisode) -> list[int]:
    """Where among the dataset's frames each keyframe is; the frame before it where it was not kept.

    Raises:
        InputError: a keyframe is before the episode's first frame, or so far behind its last that others would be between them;
            the frames are not in order.
    """
    begin, end = int(episodes.begins[index]), int(episodes.ends[index])
    numbers: NDArray[np.int64] = (
        episodes.read(SOURCE_FRAME, begin, end) if SOURCE_FRAME in episodes.group else np.arange(end - begin)
    )
    steps = np.diff(numbers)
    if (steps < 1).any():
        raise InputError(f"{shown(episodes.path)}: {SOURCE_FRAME} does not increase inside an episode: import it again")
    behind = int(numbers[-1]) + int(steps.max(initial=1))
    for keyframe in (episode.keyframes[0], episode.keyframes[-1]):
        if not numbers[0] <= keyframe < behind:
            raise InputError(
                f"{shown(episodes.path)} has frames {numbers[0]} to {numbers[-1]} of episode {episode.episode}, not {keyframe}: "
                "give the dataset that the keyframes were found in with --data"
            )
    return [begin + int(place) - 1 for place in np.searchsorted(numbers, episode.keyframes, side="right")]
