"""CSV with a row for each keyframe, as `keyin export --to csv` writes it and spreadsheets give it back.

The columns `episode` and `keyframe` count, and `event` where there is one, what happens there; others are passed over. Rows are
in any order. A row without a keyframe says that its episode has been looked at.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from keyin_cli.errors import InputError, shown

NUMBER = re.compile(r"\s*([0-9]{1,9})(\.0*)?\s*")  # spreadsheets may make 12.0 of 12
SEPARATORS = (",", ";", "\t")  # the second is that of spreadsheets where decimals have a comma


def keyframes(path: Path, text: str) -> dict[int, list[int]]:
    """Numbers of frames, in order, by episode.

    Raises:
        InputError: a column is missing, or a row has something else than numbers.
    """
    found: dict[int, set[int]] = {}
    for episode, keyframe, _ in _rows(path, text):
        numbers = found.setdefault(episode, set())
        if keyframe is not None:
            numbers.add(keyframe)
    return {episode: sorted(numbers) for episode, numbers in found.items()}


def events(path: Path, text: str) -> dict[int, dict[int, str]]:
    """What happens, by number of the frame, by episode: of keyframes of which that is said. The last row that says it counts.

    Raises:
        InputError: see `keyframes`.
    """
    found: dict[int, dict[int, str]] = {}
    for episode, keyframe, event in _rows(path, text):
        if keyframe is not None and event:
            found.setdefault(episode, {})[keyframe] = event
    return found


def _rows(path: Path, text: str) -> Iterator[tuple[int, int | None, str]]:
    """Episode, keyframe if there is one, and event or nothing, of every row.

    Raises:
        InputError: see `keyframes`.
    """
    first = text[: text.find("\n")] if "\n" in text else text
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count))
    try:
        for name in ("episode", "keyframe"):
            if name not in (rows.fieldnames or ()):
                raise InputError(f"{shown(path)} has no column {name}: its first line has to be episode,keyframe")
        for row in rows:
            episode, keyframe = row["episode"] or "", row["keyframe"] or ""
            if not episode.strip() and not keyframe.strip():
                continue
            at = _number(keyframe, "keyframe", path, rows.line_num) if keyframe.strip() else None
            yield _number(episode, "episode", path, rows.line_num), at, (row.get("event") or "").strip()
    except csv.Error as error:
        raise InputError(f"{shown(path)}, line {rows.line_num}, is no CSV ({shown(error)}): export it again") from None


def _number(text: str, name: str, path: Path, line: int) -> int:
    if match := NUMBER.fullmatch(text):
        return int(match[1])
    raise InputError(f"{shown(path)}, line {line}: {name} is {ascii(text)[:60]}, expected a number from 0: correct it")
