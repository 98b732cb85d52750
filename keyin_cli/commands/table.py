"""`keyin table`: Table 1 of a recipe, whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keyin_cli.commands.common import Json, NoWait, RecipeArgument, Set, emit, listed, seconds_text
from keyin_cli.names import compared

COLUMNS = ("method", "F1", "95 % interval", "F1 ±1", "F1 ±2", "precision", "recall", "keyframes", "trained in")


def run(
    recipe: RecipeArgument,
    baseline: Annotated[
        list[str],
        typer.Option(
            metavar="METHOD", help=listed("Baselines to train beside KeyIn; may be given many times; default all: ", compared())
        ),
    ] = [],  # noqa: B006 (typer reads the default)
    seeds: Annotated[int, typer.Option(min=1, help="Training seeds of KeyIn, on one stage 1.")] = 3,
    sequences: Annotated[int, typer.Option(min=1, help="Test sequences whose predictions are compared.")] = 100,
    samples: Annotated[int, typer.Option(min=2, help="Samples from the prior for each of them.")] = 100,
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
        result = table(resolved, tabled(baseline), Settings(seeds, sequences, samples), checkpoints.load, out)
    emit(result, as_json, [*markdown(result), *(f"picture: {picture}" for picture in result["figures"])])


def markdown(result: dict[str, Any]) -> list[str]:
    """The table, the seeds and the quality of predictions as Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    for row in result["rows"]:
        low, high = row["ci95"]["0"]
        f1 = [f"{row['f1'][tolerance]:.3f}" for tolerance in ("0", "1", "2")]
        ratios = [f"{row[name]['0']:.3f}" for name in ("precision", "recall")]
        cells = [row["method"], f1[0], f"{low:.3f} to {high:.3f}", *f1[1:], *ratios, f"{row['keyframes_per_sequence']:.2f}"]
        lines.append(f"| {' | '.join([*cells, seconds_text(row['seconds']) if 'seconds' in row else '–'])} |")
        if "seeds" in row:
            seeds = row["seeds"]
    scores = ", ".join(f"{score:.3f}" for score in seeds["f1"])
    deviation = "" if seeds["std"] is None else f" ± {seeds['std']:.3f}"
    lines += ["", f"KeyIn over {len(seeds['f1'])} training seeds: {seeds['mean']:.3f}{deviation} ({scores})", ""]
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
