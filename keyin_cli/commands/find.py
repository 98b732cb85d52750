"""`keyin find`: keyframes of whole episodes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyin_cli.commands.common import Json, NoWait, OptionalCheckpoint, Set, emit, listed
from keyin_cli.commands.import_data import Camera, Crop, EpisodeRange, Format, Size, settings
from keyin_cli.names import finding

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.importing import Settings
    from keyin_cli.datasets.episodes.layout import Episodes
    from keyin_cli.recipe import Recipe

MINUTES = 20.0


def run(
    source: Annotated[
        Path, typer.Argument(help="A video, a folder of videos, a dataset of demonstrations, or what `keyin import` made of one.")
    ],
    ckpt: OptionalCheckpoint = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="That training is planned for, where no --ckpt is given.")] = MINUTES,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help=listed(
                "How keyframes are found; default the keyframe model of --ckpt, else rests where motion rests, else search: ",
                finding(),
            ),
        ),
    ] = None,
    keyframes: Annotated[
        float | None, typer.Option(help="Find so many in an episode on average; default as many as there are.")
    ] = None,
    price: Annotated[
        float | None, typer.Option(min=0, help="Of a keyframe in nats, for search: a higher one finds fewer.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write to; default artifacts/find/<name>.")] = None,
    images: Annotated[bool, typer.Option("--images/--no-images", help="Look at images, or at --signals alone.")] = True,
    size: Size = "64",
    crop: Crop = None,
    fps: Annotated[float, typer.Option(help="Frames a second that are kept at most.")] = 10,
    camera: Camera = None,
    signals: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME:FROM:TO", help="States and actions that are looked at: observation.state, or some values of it."
        ),
    ] = None,
    episodes: EpisodeRange = None,
    kind: Format = None,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace keyframes that are there.")] = False,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Find the keyframes of demonstrations: imports them, trains on them unless --ckpt is given, and writes keyframes.json and a
    page to look at. Continues where it was stopped; --keyframes and --price need no new training."""
    from keyin_cli.errors import InputError
    from keyin_cli.interrupts import interruptible
    from keyin_cli.registry import METHODS

    if keyframes is not None and price is not None:
        raise InputError("--keyframes and --price both say how many are found: give one of them")
    if keyframes is not None and not 0 < keyframes < 1e6:
        raise InputError(f"--keyframes {keyframes:g}: expected how many an episode has on average, more than 0")
    if method is not None and method not in finding():
        raise METHODS.unknown(method, finding(), "method that finds keyframes of whole episodes")
    if ckpt is not None and (signals or not images):
        raise InputError("--signals and --no-images are for training, weights know what they look at: leave them out with --ckpt")
    if not images and not signals:
        raise InputError("--no-images leaves nothing to look at: give --signals too")
    if price is not None and not price < 1e12:
        raise InputError(f"--price {price:g}: expected nats, less than 1e12")
    if price is not None and method not in (None, "search"):
        raise InputError(f"--price is for search, {method} has none: give --keyframes, or --method search")
    wanted = settings(size, crop, fps, kind, camera, signals, episodes)
    folder = out or Path("artifacts/find") / (Path(os.path.abspath(source)).stem.lstrip(".") or "episodes")  # `..` is a place
    with interruptible("stopped; what was finished is kept: run the same command again to continue"):
        from keyin_cli import report, storage  # all of these take seconds, which bad input should not wait for
        from keyin_cli.discovery import evidence, found
        from keyin_cli.discovery.finding import find
        from keyin_cli.methods import checkpoints, finders, learning
        from keyin_cli.report.found import page_of
        from keyin_cli.report.render import check_free

        checkpoint = None if ckpt is None else checkpoints.load(ckpt, overrides)
        file, page, beside = folder / found.FILE, folder / "report.html", folder / found.EVIDENCE
        found.check_free(file, overwrite)
        check_free(page)
        evidence.check_free(beside)
        with storage.waiting(not no_wait):
            with _replacing(folder):
                data = _episodes(source, folder, wanted if checkpoint is None else _as_known(wanted, checkpoint.recipe))
            if checkpoint is None:
                trained = method or finders.SEARCH
                with _replacing(folder / learning.RUN):
                    run = learning.train(folder, data, trained, wanted.signals, images, minutes)
                checkpoint = checkpoints.load(run, overrides)
        name = method or (finders.SEARCH if price is not None else finders.chosen(checkpoint, data))
        finder, view = finders.made(name, checkpoint, data)
        result, chances = find(finder, name, data, view, keyframes, price)
        sources = finder.sources
        evidence.write(beside, sources.foundation, data, view, result, chances, sources.device)
        report.write(page, page_of(result, file))
        found.write(file, result)  # last: where it is, everything is
    count = [len(episode.keyframes) for episode in result.episodes]
    knob = ", ".join(f"{key} {value:.4g}" for key, value in result.settings.items())
    lines = [
        f"{file}: {sum(count):,} keyframes in {len(count):,} episodes, {sum(count) / len(count):.1f} each, by {name} ({knob})",
        *remarks(sum(count), data.total),
        f"look at them: {page}",
        f"for other programs: keyin export {file}",
    ]
    emit({"path": str(file), "report": str(page), **result.model_dump(mode="json")}, as_json, lines)


def remarks(count: int, frames: int) -> list[str]:
    """What is to be said of so many keyframes among the frames."""
    many = "that is more than every fourth frame: say with --keyframes how many you want, or train for more --minutes"
    return [many] if 4 * count > frames else []


@contextmanager
def _replacing(folder: Path) -> Iterator[None]:
    """Say that `folder` is in the way of what is made with other settings: --overwrite replaces keyframes alone."""
    from keyin_cli.errors import Different, InputError, shown

    try:
        yield
    except Different as error:
        raise InputError(f"{error.what}: give another --out, or delete {shown(folder)} to begin anew") from None


def _as_known(wanted: Settings, recipe: Recipe) -> Settings:
    """What weights look at: images of their size, and their signals."""
    from keyin_cli.datasets.episodes import EpisodesData

    height, width, _ = recipe.data.image
    shape = replace(wanted.shape, height=height, width=width) if height else wanted.shape
    names = tuple(recipe.data.signals) if isinstance(recipe.data, EpisodesData) else ()
    return replace(wanted, shape=shape, signals=names)


def _episodes(source: Path, folder: Path, wanted: Settings) -> Episodes:
    """The dataset at `source`, or what is imported from it into `folder`."""
    from keyin_cli.datasets.episodes.importing import import_source
    from keyin_cli.datasets.episodes.layout import is_episodes, open_episodes
    from keyin_cli.datasets.episodes.seen import parts

    if is_episodes(source):
        return open_episodes(source)
    names = tuple(dict.fromkeys(parts(each)[0] for each in wanted.signals))
    return import_source(source, replace(wanted, signals=names), folder / "episodes.zarr")
