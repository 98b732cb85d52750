"""Label Studio: a task for each episode, its keyframes as predictions that people correct on the video's timeline.

`tasks(found)` is what a project with the labelling interface `CONFIG` imports. There frames count from 1, and a range has both
its ends: a keyframe is the range of one frame.
"""

from __future__ import annotations

import os.path
from statistics import fmean
from typing import Any

from keyin_cli.datasets.sources.video import SUFFIXES
from keyin_cli.discovery.exports.clock import rates
from keyin_cli.discovery.exports.text import plain
from keyin_cli.discovery.found import Found, FoundEpisode

TIMELINE, VIDEO, LABEL = "keyframes", "video", "Keyframe"
CONFIG = f"""\
<View>
  <Video name="{VIDEO}" value="$video" frameRate="$fps"/>
  <TimelineLabels name="{TIMELINE}" toName="{VIDEO}">
    <Label value="{LABEL}"/>
  </TimelineLabels>
</View>
"""


def tasks(found: Found) -> list[dict[str, Any]]:
    """Tasks with one prediction each.

    `data.video` is the path of the video, which has to become an address that Label Studio serves. `score` is the mean
    probability; it is left out where there is none.
    """
    version = f"keyin {plain(found.method)}".strip()
    return [
        {
            "data": {
                "video": video(found.source, episode.name),
                "fps": float(f"{rate:.5g}"),
                "episode": episode.episode,
                "name": plain(episode.name),
            },
            "predictions": [{"model_version": version, **_score(episode.probability), "result": _results(episode)}],
        }
        for episode, rate in zip(found.episodes, rates(found), strict=True)
    ]


def video(source: str, name: str) -> str:
    """Path of an episode's video: the source if it is one, else the name in it, with the suffix of the file that is there."""
    if source.lower().endswith(SUFFIXES) or not name:
        return plain(source)
    path = f"{source.rstrip('/')}/{name}" if source else name
    return plain(next((path + suffix for suffix in SUFFIXES if os.path.isfile(path + suffix)), path))


def _results(episode: FoundEpisode) -> list[dict[str, Any]]:
    scores: list[float | None] = [*episode.probability] or [None] * len(episode.keyframes)
    return [
        {
            "id": f"{episode.episode}-{keyframe}",
            "from_name": TIMELINE,
            "to_name": VIDEO,
            "type": "timelinelabels",
            "value": {"ranges": [{"start": keyframe + 1, "end": keyframe + 1}], "timelinelabels": [LABEL]},
            **_score([] if score is None else [score]),
        }
        for keyframe, score in zip(episode.keyframes, scores, strict=True)
    ]


def _score(chances: list[float]) -> dict[str, float]:
    return {"score": round(fmean(chances), 6)} if chances else {}
