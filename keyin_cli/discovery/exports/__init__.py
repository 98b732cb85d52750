"""Keyframes as files that other tools read: every format fills a folder of its own. Listing them imports nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.layout import Episodes
    from keyin_cli.discovery.found import Found


class Inputs(NamedTuple):
    """What a format may need beside keyframes: the dataset that they were found in, and the source that this was imported from.
    What it does not ask for is None."""

    episodes: Episodes | None = None
    source: Path | None = None


class Format(NamedTuple):
    """A format.

    Attributes:
        help: what it is.
        write: fills an empty folder with keyframes.
        frames: whether it needs the dataset that the keyframes were found in.
        source: whether it needs what that was imported from.
    """

    help: str
    write: Callable[[Found, Path, Inputs], None]
    frames: bool = False
    source: bool = False


def _csv(found: Found, folder: Path, _: Inputs) -> None:
    from keyin_cli.discovery.exports import csv_rows

    (folder / "keyframes.csv").write_bytes(csv_rows.table(found).encode())


def _vtt(found: Found, folder: Path, _: Inputs) -> None:
    from keyin_cli.discovery.exports import webvtt

    for number, text in webvtt.chapters(found):
        (folder / f"{number:06d}.vtt").write_bytes(text.encode())


def _images(found: Found, folder: Path, inputs: Inputs) -> None:
    from keyin_cli.discovery.exports import images

    assert inputs.episodes is not None
    images.write(found, folder, inputs.episodes)


def _label_studio(found: Found, folder: Path, _: Inputs) -> None:
    import json

    from keyin_cli.discovery.exports import label_studio

    (folder / "tasks.json").write_text(json.dumps(label_studio.tasks(found), indent=2) + "\n")
    (folder / "config.xml").write_text(label_studio.CONFIG)


def _lerobot(found: Found, folder: Path, inputs: Inputs) -> None:
    from keyin_cli.discovery.exports import lerobot

    assert inputs.source is not None
    lerobot.write(found, folder, inputs.source)


FORMATS = {
    "csv": Format("a table with a row for each keyframe", _csv),
    "vtt": Format("WebVTT chapters for players, a file for each episode", _vtt),
    "images": Format("PNG of every keyframe, from the dataset", _images, frames=True),
    "label-studio": Format("tasks with predictions for Label Studio, where people correct them", _label_studio),
    "lerobot": Format("a copy of the LeRobot dataset with subtasks between keyframes", _lerobot, source=True),
}
