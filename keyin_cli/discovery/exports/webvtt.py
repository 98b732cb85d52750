"""WebVTT chapters: the segments between keyframes, for players and web pages (`<track kind="chapters">`)."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from keyin_cli.discovery.exports.clock import bounds, rates
from keyin_cli.discovery.exports.text import one_line
from keyin_cli.discovery.found import Found


def chapters(found: Found) -> Iterator[tuple[int, str]]:
    """The number of every episode and its file.

    Segments that last no millisecond are left out. The first line has the episode's name, where `&`, `<` and `>` are escaped as
    in cues, so that no `-->` is left.

    Raises:
        InputError: times are not in order.
    """
    for episode, rate in zip(found.episodes, rates(found), strict=True):
        title = escape(one_line(f"Episode {episode.episode} {episode.name}"), quote=False)
        yield episode.episode, f"WEBVTT {title}\n" + "".join(_cues(bounds(episode, rate)))


def _cues(times: list[float]) -> Iterator[str]:
    spans = [(begin, end) for begin, end in pairwise(round(1000 * time) for time in times) if begin < end]
    for number, (begin, end) in enumerate(spans, start=1):
        yield f"\n{stamp(begin)} --> {stamp(end)}\nSegment {number}\n"


def stamp(milliseconds: int) -> str:
    """3723004 -> '01:02:03.004'."""
    rest, fraction = divmod(milliseconds, 1000)
    minutes, second = divmod(rest, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}.{fraction:03d}"
