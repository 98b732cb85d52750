"""What Label Studio exports as JSON (not JSON-MIN) of a project with the tasks and the labelling interface of
`keyin export --to label-studio`.

Of a task its annotation counts: predictions that nobody confirmed are no labels, and skipped ones neither. A task with several
needs one that is marked as ground truth. A keyframe is a range of one frame; there frames count from 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keyin_cli.discovery.exports.label_studio import TIMELINE
from keyin_cli.errors import InputError, shown


def keyframes(tasks: Any, path: Path) -> dict[int, list[int]]:
    """Numbers of frames, in order, by episode. Tasks without an annotation are left out.

    Raises:
        InputError: it is something else, two tasks are of the same episode, or it is not clear what a keyframe is.
    """
    found: dict[int, list[int]] = {}
    try:
        for task in tasks:
            episode = _number(task["data"]["episode"])
            annotation = _annotation(task, f"{shown(path)}: episode {episode}")
            if annotation is None:
                continue
            if episode in found:
                raise InputError(f"{shown(path)} has two tasks of episode {episode}: delete one")
            found[episode] = _frames(annotation, f"{shown(path)}: episode {episode}")
    except (LookupError, TypeError, AttributeError, ValueError):
        expected = "tasks of `keyin export --to label-studio`, exported from Label Studio as JSON"
        raise InputError(f"{shown(path)} is not what was expected: {expected}") from None
    return found


def _annotation(task: dict[str, Any], where: str) -> dict[str, Any] | None:
    """Raises:
    InputError: there are several.
    """
    there = [each for each in task["annotations"] if not each.get("was_cancelled")]
    if len(there) > 1:
        true = [each for each in there if each.get("ground_truth")]
        if len(true) != 1:
            raise InputError(f"{where} has {len(there)} annotations: mark one as ground truth, or delete the others")
        there = true
    return there[0] if there else None


def _frames(annotation: dict[str, Any], where: str) -> list[int]:
    """Raises:
    InputError: a range has several frames.
    """
    found = set()
    for region in annotation["result"]:
        if region.get("from_name") != TIMELINE:
            continue
        for span in region["value"]["ranges"]:
            begin, end = _number(span["start"]), _number(span["end"])
            if begin != end:
                raise InputError(f"{where} has a range from frame {begin} to {end}, a keyframe is one frame: make it that short")
            found.add(_number(begin - 1))
    return sorted(found)


def _number(value: Any) -> int:
    """Raises:
    ValueError: it is no number of a frame or an episode.
    """
    if type(value) is not int or not 0 <= value < 10**9:
        raise ValueError
    return value
