"""`keyin table`: Table 1 of a recipe, whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keyin_cli.commands.common import COUNT_MOST, Json, NoWait, RecipeArgument, Set, emit, listed, seconds_text
from keyin_cli.commands.eval_f1 import notes
from keyin_cli.names import compared

COLUMNS = (
    "method",
    "F1",
    "F1 aligned",
    "shift",
    "95 % interval",
    "±1",
    "±2",
    "keyframes",
    "training seeds",
    "sequences seen",
    "trained in",
)


def run(
    recipe: RecipeArgument,
    baseline: Annotated[
        list[str],
        typer.Option(
            metavar="METHOD", help=listed("Baselines to train beside KeyIn; may be given many times; default all: ", compared())
        ),
    ] = [],  # noqa: B006 (typer reads the default)
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Training seeds, each from stage 1 on.")] = 3,
    baseline_seeds: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Training seeds of all but KeyIn; default as many.")
    ] = None,
    sequences: Annotated[int, typer.Option(min=1, max=COUNT_MOST, help="Test sequences whose predictions are compared.")] = 100,
    samples: Annotated[int, typer.Option(min=2, max=100_000, help="Samples from the prior for each of them.")] = 100,
    out: Annotated[Path | None, typer.Option(help="Where weights (in half precision), results and pictures go.")] = None,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Train what is missing, evaluate every row of Table 1, compare predictions; continues where it was stopped."""
    from keyin_cli import recipe as recipes
    from keyin_cli import storage
    from keyin_cli.discovery.table import Settings, table
    from keyin_cli.methods import checkpoints
    from keyin_cli.methods.registry import tabled

    resolved = recipes.load(recipe, overrides)
    with storage.waiting(not no_wait):
        result = table(resolved, tabled(baseline), Settings(seeds, baseline_seeds, sequences, samples), checkpoints.load, out)
    emit(result, as_json, [*markdown(result), *(f"picture: {picture}" for picture in result["figures"])])


def scores(row: dict[str, Any]) -> tuple[float, float, float, float, list[float], float]:
    """F1 as it is, F1 aligned and the ends of its interval, aligned within 1 and 2 frames, keyframes per sequence; means over
    training seeds where a row has them."""
    if "seeds" in row:
        seeds = row["seeds"]
        low, high = seeds["aligned"]["0"]["ci95"]
        plain, exact, *near = (seeds["f1"]["0"]["mean"], *(seeds["aligned"][tolerance]["mean"] for tolerance in ("0", "1", "2")))
        return plain, exact, low, high, near, seeds["keyframes_per_sequence"]
    aligned = row["aligned"] or row
    low, high = aligned["ci95"]["0"]
    exact, *near = (aligned["f1"][tolerance] for tolerance in ("0", "1", "2"))
    return row["f1"]["0"], exact, low, high, near, row["keyframes_per_sequence"]


def cells(row: dict[str, Any]) -> list[str]:
    """A row of Table 1 as text, a cell for each of COLUMNS. One with a star is told the true number of keyframes."""
    f1, aligned, low, high, near, count = scores(row)
    return [
        row["method"] + ("*" if "told" in row else ""),
        *(f"{figure:.3f}" for figure in (f1, aligned)),
        f"{row['aligned']['shift']:+d}" if row["aligned"] and row["aligned"]["shift"] else "0",
        f"{low:.3f} to {high:.3f}",
        *(f"{each:.3f}" for each in near),
        f"{count:.2f}",
        str(row["seeds"]["n"]) if "seeds" in row else "–",
        f"{row['sequences']:,}" if row.get("sequences") is not None else "–",
        seconds_text(row["seconds"]) if "seconds" in row else "–",
    ]


def markdown(result: dict[str, Any]) -> list[str]:
    """The table and the quality of predictions as Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join(cells(row))} |" for row in result["rows"]]
    lines += ["", *notes(result["rows"]), "trained rows: the mean over training seeds, its interval over seeds and sequences", ""]
    lines += ["| predictions | PSNR | SSIM | best PSNR | best SSIM | PSNR between samples |", "|" + "---|" * 6]
    for row in result["quality"]:
        figures = [row[part][name] for part in ("reconstruction", "best") for name in ("psnr", "ssim")]
        lines.append(f"| {row['method']} | {' | '.join(f'{figure:.2f}' for figure in [*figures, row['diversity']])} |")
    if "paths" in result:
        lines += ["", "| paths | left | right | centre inside the wall | overlapping it | no puck seen |", "|" + "---|" * 6]
        for row in result["paths"]:
            shares = [row[name] for name in ("left", "right", "inside_wall", "overlapping_wall", "unseen")]
            lines.append(f"| {row['method']} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |")
    return lines
