"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from keyin_cli import distributed
from keyin_cli.errors import printable
from keyin_cli.registry import Registry

SEED_MOST = 2**63 - 1  # what arrays of numbers hold
COUNT_MOST = 10**9  # of whatever is counted

RecipeArgument = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe: a path, or the name of a shipped one.")]
CHECKPOINT = typer.Option(
    metavar="PATH", help="A run directory, a weights file, or the name of released weights (brownian, pushing)."
)
Checkpoint = Annotated[str, CHECKPOINT]
OptionalCheckpoint = Annotated[str | None, CHECKPOINT]  # Typer does not look into `Checkpoint | None`
Set = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="Override a recipe key; may be given many times.")]
Seed = Annotated[int | None, typer.Option(min=0, max=SEED_MOST, help="Override the recipe's seed.")]
Out = Annotated[Path | None, typer.Option(help="Where the run goes; default artifacts/runs/<recipe name>.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, everything else on stderr.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, with sizes and time, and do nothing.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite/--resume", help="Start anew, or continue what is there (refused when the recipe differs).")
]
Tensorboard = Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard events too (needs the extra tensorboard).")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="End at once when another command works on the same output; default: wait for it.")
]
Dask = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Do this on a Dask cluster instead (needs the extra dask).")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, max=4096, help="Processes; default one per core. The result does not depend on their number."),
]


def listed(before: str, names: Sequence[str], registry: Registry[Any] | None = None) -> str:
    """A help text that lists names, each with its own help line where a registry is given."""
    cards = registry.cards if registry else {}
    return before + ("; " if registry else ", ").join(f"{name} ({cards[name].help})" if cards else name for name in names) + "."


def emit(result: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print a command's result on stdout: one JSON object, or lines for a person. Of several processes the first prints."""
    if distributed.rank() == 0:
        typer.echo(json.dumps(result) if as_json else printable("\n".join(lines)))


def seconds_text(seconds: float) -> str:
    """95 -> '1 min 35 s'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"
