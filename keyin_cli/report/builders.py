"""Which page fits what is at a path."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keyin_cli.datasets.episodes.layout import is_episodes
from keyin_cli.discovery import found
from keyin_cli.errors import InputError, shown
from keyin_cli.report import benchmark, dataset, evaluation, plan, run
from keyin_cli.report import found as keyframes
from keyin_cli.report.dataset import Span
from keyin_cli.report.page import Page

Build = Callable[[Path, Span | None, Path | None], Page]
# what foreign JSON of another shape raises
DAMAGED = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Builder:
    """A kind of page.

    Attributes:
        what: it is about, for the line that lists all kinds.
        fits: whether what is at a path is that.
        build: the page; of options, `spans` says whether it takes a range of episodes, `data` whether it takes a dataset.
    """

    what: str
    fits: Callable[[Path], bool]
    build: Build
    spans: bool = False
    data: bool = False


BUILDERS = (
    Builder("a dataset of keyin import", is_episodes, lambda path, span, _: dataset.episodes_page(path, span), spans=True),
    Builder(
        "one of keyin gen-data",
        lambda path: (path / "zarr.json").is_file(),
        lambda path, span, _: dataset.sequences_page(path, span),
        spans=True,
    ),
    Builder(
        "a keyframes.json of keyin find",
        lambda path: (path.suffix == ".json" and path.is_file()) or (path / found.FILE).is_file(),
        keyframes.page,
        spans=True,
        data=True,
    ),
    Builder(
        "the output of keyin benchmark", benchmark.is_benchmark, lambda path, span, _: benchmark.page(path, span), spans=True
    ),
    Builder(
        "the output of keyin eval-f1 or keyin table",
        lambda path: any((path / name).is_file() for name in (evaluation.TABLE, evaluation.RESULT)),
        evaluation.page,
        spans=True,
        data=True,
    ),
    Builder("of keyin plan", lambda path: (path / plan.RESULT).is_file(), lambda path, *_: plan.page(path)),
    Builder("a training run", lambda path: path.is_dir() and run.is_run(path), lambda path, *_: run.page(path)),
)


def build(path: Path, span: Span | None = None, data: Path | None = None) -> Page:
    """The page of what is at a path.

    Args:
        span: the range of episodes that are shown; None shows the first ones, as many as a page holds.
        data: the dataset, where the one that is named is not there.

    Raises:
        InputError: nothing there can be shown, it is damaged, or an option says nothing about it.
    """
    if not os.path.lexists(path):
        raise InputError(f"nothing at {shown(path)}: give {_listed()}")
    builder = next((each for each in BUILDERS if each.fits(path)), None)
    if builder is None:
        raise InputError(f"{shown(path)} cannot be shown: give {_listed()}")
    if span and not builder.spans:
        raise InputError(f"--episodes: {shown(path)} is {builder.what}, which has no episodes to choose: leave it out")
    if data and not builder.data:
        raise InputError(f"--data: {shown(path)} is {builder.what}, which names no dataset: leave it out")
    try:
        return builder.build(path, span, data)
    except DAMAGED as error:
        reason = shown(" ".join(f"{type(error).__name__}: {error}".split()))[:100]
        raise InputError(f"{shown(path)} is damaged ({reason}): run the command that made it again") from None


def _listed() -> str:
    *most, last = (each.what for each in BUILDERS)
    return f"{', '.join(most)} or {last}"
