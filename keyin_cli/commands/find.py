"""`keyin find`: keyframes of whole episodes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keyin_cli.commands.common import Json, NoWait, OptionalCheckpoint, Set, emit, listed
from keyin_cli.commands.import_data import Camera, Crop, EpisodeRange, Format, Fps, Signals, Size, settings
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
    signals: Signals = None,
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
    folder = out or Path("artifacts/find") / source.absolute().stem
    with storage.waiting(not no_wait):
        _find(source, folder, wanted, ckpt, minutes, method, keyframes, price, images, overrides, overwrite, as_json)


def _find(
    source: Path,
    folder: Path,
    wanted: Settings,
    ckpt: str | None,
    minutes: float,
    method: str | None,
    keyframes: float | None,
    price: float | None,
    images: bool,
    overrides: list[str],
    overwrite: bool,
    as_json: bool,
) -> None:
    from keyin_cli.errors import InputError
    from keyin_cli.interrupts import interruptible
    from keyin_cli.methods import checkpoints, finders, learning

    checkpoint = checkpoints.load(ckpt, overrides) if ckpt is not None else None
    from keyin_cli.discovery import evidence, found  # takes seconds, which bad input should not wait for
    from keyin_cli.discovery.finding import find

    file = folder / found.FILE
    found.check_free(file, overwrite)
    episodes = _episodes(source, folder, wanted if checkpoint is None else _as_known(wanted, checkpoint.recipe))
    if checkpoint is None:
        run = learning.train(folder, episodes, method or "search", wanted.signals, images, minutes)
        checkpoint = checkpoints.load(run, overrides)
    with interruptible("stopped; no keyframes were written: run the same command again"):
        name, finder, view = finders.made(method, checkpoint, episodes)
        if price is not None and finder.knob != "price":
            raise InputError(f"--price is for search, {name} has none: give --keyframes, or --method search")
        result, probability = find(finder, name, episodes, view, keyframes, price)
        sources = finder.sources
        evidence.write(folder / evidence.FILE, sources.foundation, episodes, view, result, probability, sources.device)
        found.write(file, result)
    from keyin_cli import report

    page = folder / "report.html"
    report.write(page, report.build(file))
    count = [len(episode.keyframes) for episode in result.episodes]
    knob = ", ".join(f"{key} {value:.4g}" for key, value in result.settings.items())
    lines = [
        f"{file}: {sum(count):,} keyframes in {len(count):,} episodes, {sum(count) / len(count):.1f} each, by {name} ({knob})",
        f"look at them: {page}",
        f"for other programs: keyin export {file}",
    ]
    answer: dict[str, Any] = {"path": str(file), "report": str(page), **result.model_dump(mode="json")}
    emit(answer, as_json, lines)


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

    if is_episodes(source):
        return open_episodes(source)
    return import_source(source, wanted, folder / "episodes.zarr")
