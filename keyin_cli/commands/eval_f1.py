"""`keyin eval-f1`: rows of Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from keyin_cli.commands.common import COUNT_MOST, SEED_MOST, Checkpoint, Json, NoWait, Set, emit, listed
from keyin_cli.errors import printable
from keyin_cli.names import selecting


class Split(StrEnum):
    train = "train"
    val = "val"
    test = "test"
    all = "all"


def run(
    ckpt: Checkpoint,
    data: Annotated[Path | None, typer.Option(help="A dataset of the recipe's shape; default the one it was trained on.")] = None,
    split: Annotated[Split, typer.Option(help="Which sequences.")] = Split.test,
    selector: Annotated[
        list[str],
        typer.Option(
            metavar="METHOD",
            help=listed("How keyframes are detected; may be given many times; default all trained: ", selecting()),
        ),
    ] = [],  # noqa: B006 (typer reads the default)
    limit: Annotated[int | None, typer.Option(min=1, max=COUNT_MOST, help="Use only the first sequences of the split.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=SEED_MOST, help="Seed of the selector random.")] = 0,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where results go; default eval_f1/<data>-<split> beside the weights of a run, else in artifacts/runs."
        ),
    ] = None,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Detect keyframes, score them against the true ones (Table 1) and draw them. Without labels there are no scores."""
    from keyin_cli import storage
    from keyin_cli.methods import checkpoints, rows

    checkpoint = checkpoints.load(ckpt, overrides)
    selectors = rows.selectors(selector, checkpoint.models)
    from keyin_cli.discovery.evaluate import Evaluation, evaluate  # takes seconds, which bad input should not wait for

    runs = checkpoints.evaluations(next(iter(checkpoint.files.values())), checkpoint.recipe.name)
    with storage.waiting(not no_wait):
        result = evaluate(selectors, checkpoint, Evaluation(data, split.value, limit, seed), out, runs)
    emit(result, as_json, table(result))


def table(result: dict[str, Any]) -> list[str]:
    """The rows as a table, and the paths of the pictures."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = ("method", "F1", "F1 aligned", "(shift)", "95 % interval", "±1", "±2", "precision", "recall", "keyframes")
    title = Text(printable(f"{result['dataset']}, {result['split']} split, {result['n']:,} sequences"))  # no markup
    grid = Table(*columns, title=title, title_justify="left")
    for row in result["rows"]:
        name, count = row["method"] + ("*" if "told" in row else ""), f"{row['keyframes_per_sequence']:.2f}"
        if row["f1"] is None:
            grid.add_row(name, *["no labels"] * (len(columns) - 2), count)
            continue
        aligned = row["aligned"] or {"f1": row["f1"], "ci95": row["ci95"], "shift": None}
        low, high = aligned["ci95"]["0"]
        f1 = f"{row['f1']['0']:.3f}"
        exact, *near = (f"{aligned['f1'][tolerance]:.3f}" for tolerance in ("0", "1", "2"))
        moved = (exact, f"{aligned['shift']:+d}" if aligned["shift"] else "0") if row["aligned"] else ("–", "–")
        ratios = [f"{row[name]['0']:.3f}" for name in ("precision", "recall")]
        grid.add_row(name, f1, *moved, f"{low:.3f} to {high:.3f}", *near, *ratios, count)
    console = Console(width=120)
    with console.capture() as capture:
        console.print(grid)
    return [capture.get().rstrip(), *notes(result["rows"]), *(f"picture: {picture}" for picture in result["figures"])]


def notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What stands below a table of rows: where shifts come from, and which rows are told what no method can know."""
    chosen = dict.fromkeys(row["aligned"]["chosen_on"] for row in rows if row["aligned"])
    lines = [f"shift: frames by which all keyframes of a method are moved, from {', '.join(chosen)} (docs/protocol.md)"]
    told = [f"* {row['method']} is told {row['told']}" for row in rows if "told" in row]
    return (lines if chosen else []) + told
