"""CSV: a row for each keyframe."""

from __future__ import annotations

import csv
import io

from keyin_cli.discovery.exports.clock import rates, seconds
from keyin_cli.discovery.exports.text import plain
from keyin_cli.discovery.found import Found

COLUMNS = ("episode", "name", "keyframe", "seconds", "probability")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what spreadsheets run as a formula, or skip before they look for one


def table(found: Found) -> str:
    """RFC 4180, with a header; `probability` is empty where nobody said.

    A name that begins with `=`, `+`, `-`, `@`, a tab or a line break would be a formula in a spreadsheet: an apostrophe is put
    before it.

    Raises:
        InputError: times are not in order.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for episode, rate in zip(found.episodes, rates(found), strict=True):
        name = harmless(plain(episode.name))
        chances = [f"{chance:.6f}" for chance in episode.probability] or [""] * len(episode.keyframes)
        for keyframe, time, chance in zip(episode.keyframes, seconds(episode, rate), chances, strict=True):
            writer.writerow((episode.episode, name, keyframe, f"{time:.6f}", chance))
    return text.getvalue()


def harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(FORMULA) else name
