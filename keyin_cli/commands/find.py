"""`keyin find`: keyframes of whole episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyin_cli.commands.common import Checkpoint, Json, Set, emit, listed
from keyin_cli.names import finding


def run(
    data: Annotated[Path, typer.Argument(metavar="DATASET", help="Episodes that `keyin import` made.")],
    ckpt: Checkpoint,
    method: Annotated[
        str | None, typer.Option(metavar="METHOD", help=listed("How keyframes are found; default the first trained: ", finding()))
    ] = None,
    keyframes: Annotated[
        float | None, typer.Option(help="Find so many in an episode on average; default as many as there are.")
    ] = None,
    price: Annotated[
        float | None, typer.Option(min=0, help="Of a keyframe in nats, for search: a higher one finds fewer.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; default artifacts/find/<dataset>/keyframes.json.")] = None,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of keyframes that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Find the keyframes of whole episodes, of any length, with trained weights, and write them as keyframes.json."""
    from keyin_cli.datasets.episodes.layout import open_episodes
    from keyin_cli.errors import InputError
    from keyin_cli.interrupts import interruptible
    from keyin_cli.methods import checkpoints, finders

    if keyframes is not None and price is not None:
        raise InputError("--keyframes and --price both say how many are found: give one of them")
    if keyframes is not None and not 0 < keyframes < 1e6:
        raise InputError(f"--keyframes {keyframes:g}: expected how many an episode has on average, more than 0")
    episodes = open_episodes(data)
    out = out or Path("artifacts/find") / data.absolute().stem / "keyframes.json"
    checkpoint = checkpoints.load(ckpt, overrides)
    from keyin_cli.discovery import found  # takes seconds, which bad input should not wait for
    from keyin_cli.discovery.finding import find

    found.check_free(out, overwrite)
    with interruptible("stopped; nothing was written: run the same command again"):
        name, finder = finders.made(method, checkpoint, episodes)
        if price is not None and finder.knob != "price":
            raise InputError(f"--price is for search, {name} has none: give --keyframes, or --method search")
        result = find(finder, name, episodes, keyframes, price)
        found.write(out, result)
    count = [len(episode.keyframes) for episode in result.episodes]
    knob = ", ".join(f"{key} {value:.4g}" for key, value in result.settings.items())
    lines = [
        f"{out}: {sum(count):,} keyframes in {len(count):,} episodes, {sum(count) / len(count):.1f} each, by {name} ({knob})",
        f"write them for other tools with: keyin export {out}",
    ]
    emit({"path": str(out), **result.model_dump(mode="json")}, as_json, lines)
