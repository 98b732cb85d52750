"""Subgoal images: a PNG of every keyframe."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from keyin_cli.datasets.episodes.layout import FRAMES, Episodes
from keyin_cli.datasets.sources.source import LARGEST
from keyin_cli.discovery.found import Found, frame_times
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
            for keyframe, place in zip(episode.keyframes, frame_times(episodes, index, episode).tolist(), strict=True):
                at = int(episodes.begins[index]) + place
                (frame,) = episodes.read(FRAMES, at, at + 1)
                Image.fromarray(frame if channels == 3 else frame[..., 0]).save(inside / f"{keyframe:06d}.png", "PNG")
            advance()
