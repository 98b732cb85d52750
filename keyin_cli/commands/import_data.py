"""`keyin import`: demonstrations of others as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keyin_cli.commands.common import Json, NoWait, Overwrite, emit, listed
from keyin_cli.machine import sized
from keyin_cli.registry import SOURCES

if TYPE_CHECKING:
    from keyin_cli.datasets.episodes.importing import Settings
    from keyin_cli.datasets.episodes.layout import Episodes
    from keyin_cli.datasets.sources import frames

FORMATS = listed("What it is in; found by itself when not given: ", list(SOURCES.cards), SOURCES)


Size = Annotated[str, typer.Option(metavar="PX", help="Size of the frames: 64, or HEIGHTxWIDTH such as 64x96.")]
Crop = Annotated[
    str | None,
    typer.Option(
        metavar="TOP,LEFT,HEIGHT,WIDTH", help="The part of the images that is kept, px; default the largest in the middle."
    ),
]
Fps = Annotated[float | None, typer.Option(help="Frames a second that are kept at most; default all.")]
Camera = Annotated[str | None, typer.Option(help="Which camera, where there are several.")]
Signals = Annotated[
    str | None, typer.Option(metavar="NAME,NAME", help="States and actions that are kept, such as observation.state,action.")
]
EpisodeRange = Annotated[str | None, typer.Option(metavar="FROM:TO", help="Only some episodes, such as 0:50.")]
Format = Annotated[str | None, typer.Option("--format", metavar="NAME", help=FORMATS)]


def run(
    source: Annotated[Path, typer.Argument(help="A video, a folder of videos, or a dataset of demonstrations.")],
    out: Annotated[Path | None, typer.Option(help="Where the dataset goes; default artifacts/data/<name>.zarr.")] = None,
    size: Size = "64",
    crop: Crop = None,
    fps: Fps = None,
    camera: Camera = None,
    signals: Signals = None,
    episodes: EpisodeRange = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keyframes that people labelled, in place of the source's: a keyframes.json, or the CSV or Label Studio's JSON "
            "that it became. A dataset that is there gets them too.",
        ),
    ] = None,
    role: Annotated[
        list[str],
        typer.Option(
            metavar="ROLE=SIGNAL[:FROM:TO]",
            help="Which values of --signals are the gripper, joint_velocities, effector or actions, for the rules of "
            "keyin benchmark: effector=observation.state:0:3. Again for another. A dataset that is there gets them too.",
        ),
    ] = [],  # noqa: B006 (typer reads the default)
    kind: Format = None,
    overwrite: Overwrite = False,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Import demonstrations: videos, LeRobot, robomimic and others, episodes of any length. Continues where it was stopped."""
    from keyin_cli import storage
    from keyin_cli.datasets.episodes.importing import import_source, key
    from keyin_cli.discovery import assigning
    from keyin_cli.discovery.labels import read

    wanted = settings(size, crop, fps, kind, camera, signals, episodes)
    roles = assigning.parsed(role, [key(name) for name in wanted.signals])
    out = out or Path("artifacts/data") / f"{source.absolute().stem}.zarr"
    people = read(labels) if labels else None
    with storage.waiting(not no_wait):
        made = import_source(source, wanted, out, overwrite, people)
        made = assigning.assign(made.path, roles) if roles else made
    emit(result(made), as_json, lines(made))


def settings(
    size: str,
    crop: str | None,
    fps: float | None,
    kind: str | None,
    camera: str | None,
    signals: str | None,
    episodes: str | None,
) -> Settings:
    """What is taken from a source, from the options.

    Raises:
        InputError: an option is none.
    """
    from keyin_cli.datasets.episodes.importing import Settings

    names = tuple(name.strip() for name in signals.split(",")) if signals else ()
    return Settings(shape(size, crop, fps), kind, camera, names, span(episodes))


def result(made: Episodes) -> dict[str, Any]:
    """The object that `import --json` prints."""
    return {
        "path": str(made.path),
        "episodes": made.n,
        "frames": made.total,
        "image": list(made.image),
        "fps": made.fps,
        "signals": made.signals,
        "roles": made.attributes.get("roles"),
        "labels": made.labelled,
        "sha256": made.attributes.get("sha256"),
    }


def lines(made: Episodes) -> list[str]:
    """The same for a person."""
    from keyin_cli import storage
    from keyin_cli.errors import shown

    given, roles = made.attributes.get("labels"), made.attributes.get("roles")
    shortest, longest = made.lengths.min(), made.lengths.max()
    image = "x".join(map(str, made.image))
    return [
        f"{made.path}: {made.n:,} episodes of {shortest:,} to {longest:,} frames {image} at {made.fps:g} a second, "
        f"{sized(storage.size(made.path))}",
        *([f"signals: {', '.join(f'{name} ({size})' for name, size in made.signals.items())}"] if made.signals else []),
        *([f"roles: {', '.join(f'{role} {signal}' for role, signal in roles.items())}"] if isinstance(roles, dict) else []),
        *([f"labels: {shown(given['path']) if isinstance(given, dict) else 'yes'}"] if made.labelled else []),
        f"look at it with: keyin info {made.path} --figures",
    ]


def shape(size: str, crop: str | None, fps: float | None) -> frames.Shape:
    """What becomes of frames.

    Raises:
        InputError: an option is none.
    """
    from keyin_cli.datasets.sources.frames import Shape
    from keyin_cli.datasets.sources.source import LARGEST
    from keyin_cli.errors import InputError

    sides = _numbers(size.split("x"))
    if sides is None or len(sides) > 2 or not all(0 < side <= LARGEST for side in sides):
        raise InputError(f"--size {size}: expected a number of px such as 64, or HEIGHTxWIDTH such as 64x96, at most {LARGEST}")
    if fps is not None and not 0 < fps <= 1000:
        raise InputError(f"--fps {fps:g}: expected frames a second, more than 0 and at most 1000")
    return Shape(sides[0], sides[-1], _crop(crop), fps)


def _crop(crop: str | None) -> frames.Crop | None:
    """Raises:
    InputError: it is none.
    """
    from keyin_cli.datasets.sources.frames import Crop
    from keyin_cli.errors import InputError

    if crop is None:
        return None
    numbers = _numbers(crop.split(","))
    if numbers is None or len(numbers) != 4 or min(numbers[2:]) < 1:
        raise InputError(f"--crop {crop}: expected TOP,LEFT,HEIGHT,WIDTH in px, such as 0,80,480,480")
    return Crop(*numbers)


def span(episodes: str | None) -> tuple[int, int | None]:
    """The range of episodes FROM:TO, either of which may be left out.

    Raises:
        InputError: it is none.
    """
    from keyin_cli.errors import InputError

    if episodes is None:
        return 0, None
    begin, colon, end = episodes.partition(":")
    numbers = _numbers([begin or "0", end or "1"])
    if not colon or numbers is None or (end and numbers[1] <= numbers[0]):
        raise InputError(f"--episodes {episodes}: expected FROM:TO, such as 0:50 for the first fifty")
    return numbers[0], numbers[1] if end else None


def _numbers(texts: list[str]) -> list[int] | None:
    """Whole numbers from 0 on; None where one is none."""
    return [int(text) for text in texts] if all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts) else None
