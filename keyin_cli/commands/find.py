"""`keyin find`: keyframes of whole episodes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyin_cli.commands.common import Json, NoWait, OptionalCheckpoint, Set, emit, listed
from keyin_cli.commands.import_data import Camera, Crop, EpisodeRange, Format, Fps, Size, settings
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
        typer.Option(metavar="METHOD", help=listed("How keyframes are found; default the first that is trained: ", finding())),
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
    fps: Fps = 10,
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
    from keyin_cli import storage
    from keyin_cli.errors import InputError
    from keyin_cli.interrupts import interruptible
    from keyin_cli.methods import checkpoints, finders, learning
    from keyin_cli.registry import METHODS

    if keyframes is not None and price is not None:
        raise InputError("--keyframes and --price both say how many are found: give one of them")
    if keyframes is not None and not 0 < keyframes < 1e6:
        raise InputError(f"--keyframes {keyframes:g}: expected how many an episode has on average, more than 0")
    if method is not None and method not in finding():
        raise METHODS.unknown(method, finding(), "method that finds keyframes of whole episodes")
    if not images and not signals and ckpt is None:
        raise InputError("--no-images leaves nothing to look at: give --signals too")
    wanted = settings(size, crop, fps, kind, camera, signals, episodes)
    checkpoint = None if ckpt is None else checkpoints.load(ckpt, overrides)
    from keyin_cli import report  # all of these take seconds, which bad input should not wait for
    from keyin_cli.discovery import evidence, found
    from keyin_cli.discovery.finding import find

    folder = out or Path("artifacts/find") / source.absolute().stem
    file, page = folder / found.FILE, folder / "report.html"
    found.check_free(file, overwrite)
    with storage.waiting(not no_wait):
        data = _episodes(source, folder, wanted if checkpoint is None else _as_known(wanted, checkpoint.recipe))
        if checkpoint is None:
            method = method or "search"
            run = learning.train(folder, data, method, wanted.signals, images, minutes)
            checkpoint = checkpoints.load(run, overrides)
        with interruptible("stopped; no keyframes were written: run the same command again"):
            name, finder, view = finders.made(method, checkpoint, data)
            if price is not None and finder.knob != "price":
                raise InputError(f"--price is for search, {name} has none: give --keyframes, or --method search")
            result, chances = find(finder, name, data, view, keyframes, price)
            sources = finder.sources
            evidence.write(folder / found.EVIDENCE, sources.foundation, data, view, result, chances, sources.device)
            found.write(file, result)
            report.write(page, report.build(file))
    count = [len(episode.keyframes) for episode in result.episodes]
    knob = ", ".join(f"{key} {value:.4g}" for key, value in result.settings.items())
    lines = [
        f"{file}: {sum(count):,} keyframes in {len(count):,} episodes, {sum(count) / len(count):.1f} each, by {name} ({knob})",
        f"look at them: {page}",
        f"for other programs: keyin export {file}",
    ]
    emit({"path": str(file), "report": str(page), **result.model_dump(mode="json")}, as_json, lines)


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
