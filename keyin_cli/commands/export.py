"""`keyin export`: keyframes as files that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyin_cli.commands.common import Json, NoWait, emit
from keyin_cli.discovery.exports import FORMATS

HELP = "What they become; may be given many times: " + "; ".join(f"{name} ({each.help})" for name, each in FORMATS.items()) + "."


def run(
    keyframes: Annotated[Path, typer.Argument(metavar="KEYFRAMES", help="A keyframes.json, as it was found or edited.")],
    to: Annotated[list[str], typer.Option(metavar="FORMAT", help=HELP)] = ["csv", "vtt"],  # noqa: B006 (typer reads the default)
    out: Annotated[Path | None, typer.Option(help="The folder that is made; default <name>-export beside KEYFRAMES.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="The dataset that they were found in, when it is not where KEYFRAMES says.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="The LeRobot dataset that is copied, when it is not where KEYFRAMES says.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Write keyframes for other tools: tables, chapters of videos, subgoal images, tasks for people who correct them, LeRobot."""
    from keyin_cli import storage
    from keyin_cli.discovery.exports.folder import export, summary
    from keyin_cli.errors import shown

    names = list(dict.fromkeys(to))
    folder = out or keyframes.parent / f"{keyframes.stem}-export"
    with storage.waiting(not no_wait):
        found = export(keyframes, names, folder, data, overwrite, source)
    result = summary(found, names, folder)
    lines = [f"{shown(folder)}: {result['keyframes']:,} keyframes of {result['episodes']:,} episodes"]
    emit(result, as_json, [*lines, *(f"{name}: {shown(path)}" for name, path in result["formats"].items())])
