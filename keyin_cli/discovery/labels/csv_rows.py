"""CSV with a row for each keyframe, as `keyin export --to csv` writes it and spreadsheets give it back.

The columns `episode` and `keyframe` count, others are passed over; rows are in any order. A row without a keyframe says that its
episode has been looked at.
"""

from __future__ import annotations

import csv
import io
import re
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
            numbers = found.setdefault(_number(episode, "episode", path, rows.line_num), set())
            if keyframe.strip():
                numbers.add(_number(keyframe, "keyframe", path, rows.line_num))
    except csv.Error as error:
        raise InputError(f"{shown(path)}, line {rows.line_num}, is no CSV ({shown(error)}): export it again") from None
    return {episode: sorted(numbers) for episode, numbers in found.items()}


def _number(text: str, name: str, path: Path, line: int) -> int:
    if match := NUMBER.fullmatch(text):
        return int(match[1])
    raise InputError(f"{shown(path)}, line {line}: {name} is {ascii(text)[:60]}, expected a number from 0: correct it")
