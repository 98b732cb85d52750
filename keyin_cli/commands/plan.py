"""`keyin plan`: rows of Table 2."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from keyin_cli.commands.common import (
    COUNT_MOST,
    SEED_MOST,
    Dask,
    DryRun,
    Json,
    NoWait,
    OptionalCheckpoint,
    Overwrite,
    Workers,
    emit,
    listed,
    seconds_text,
)
from keyin_cli.names import ALL, proposing, servos
from keyin_cli.registry import SERVOS

OUT = Path("artifacts/runs/planning")
COLUMNS = ("method", "success", "95 % interval", "error", "error / initial", "steps", "seconds")
ROWS = [*proposing(), ALL]


class Cost(StrEnum):
    state = "state"
    rendered = "rendered"


def run(
    method: Annotated[
        list[str],
        typer.Option(
            metavar="METHOD",
            help=listed("How subgoals are proposed; may be given many times; all is what the weights allow: ", ROWS),
        ),
    ] = ["keyin"],  # noqa: B006 (typer reads the default)
    ckpt: OptionalCheckpoint = None,
    episodes: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of tasks.")] = 120,
    servo: Annotated[str, typer.Option(metavar="SERVO", help=listed("What chooses actions: ", servos(), SERVOS))] = servos()[0],
    cost: Annotated[
        Cost, typer.Option(help="The servo takes the puck from the state, or finds it in rendered frames.")
    ] = Cost.state,
    goal: Annotated[
        Path | None, typer.Option(metavar="IMAGE", help="An image of the goal of all tasks, instead of their own.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=SEED_MOST, help="Seed of the tasks and of all samples.")] = 0,
    workers: Workers = None,
    dask: Dask = None,
    pictures: Annotated[
        int, typer.Option(min=0, max=COUNT_MOST, help="Draw and film this many of each method's best and worst episodes.")
    ] = 1,
    out: Annotated[Path, typer.Option(help="Where results go, one directory per method.")] = OUT,
    overwrite: Overwrite = False,
    no_wait: NoWait = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Push pucks around walls to goals: subgoals, then a CEM servo on the true dynamics (Table 2)."""
    from keyin_cli import machine, storage
    from keyin_cli.methods.entrants import entrants

    if servo not in servos():
        raise SERVOS.unknown(servo, servos())
    entered = entrants(method, ckpt)
    from keyin_cli.planning import evaluate  # takes seconds, which bad input should not wait for
    from keyin_cli.planning.servos.servo import Settings

    settings = evaluate.Settings(
        episodes=episodes,
        seed=seed,
        servo=Settings(name=servo, cost=cost.value),
        workers=workers or machine.cores(),
        dask=dask,
        drawn=pictures,
        goal=goal,
    )
    if dry_run:
        estimate = evaluate.estimate(entered, settings)
        lines = [f"methods: {', '.join(estimate['methods'])}", *(f"{key}: {value}" for key, value in estimate["servo"].items())]
        steps = f"{estimate['environment_steps']:,} environment steps at most, {seconds_text(estimate['seconds'])}"
        emit(estimate, as_json, [*lines, f"{episodes} tasks, {steps}"])
        return
    with storage.waiting(not no_wait):
        result = evaluate.plan(entered, settings, out, overwrite)
    emit(result, as_json, table(result))


def table(result: dict[str, Any]) -> list[str]:
    """The rows as a table, comparisons with keyin, and where episodes and pictures are."""
    from rich.console import Console
    from rich.table import Table

    rows = result["rows"]
    used = ", ".join(dict.fromkeys(row["servo"] for row in rows if row["servo"] in servos())) or rows[0]["servo"]
    count = rows[0]["episodes"]
    title = f"{count} {'task' if count == 1 else 'tasks'} of seed {result['seed']}, servo {used}"
    grid = Table(*COLUMNS, title=title, title_justify="left")
    for row in rows:
        low, high = row["success_ci95"]
        grid.add_row(
            row["method"],
            f"{row['success_rate']:.1%}",
            f"{low:.1%} to {high:.1%}",
            f"{row['error_mean']:.2f} ± {row['error_std']:.2f}",
            f"{row['error_over_initial']:.2f}",
            f"{row['steps_mean']:.1f}",
            f"{row['seconds_per_episode']:.1f}",
        )
    console = Console(width=110)
    with console.capture() as capture:
        console.print(grid)
    notes = [note for row in rows for note in _notes(row)]
    pictures = [f"picture: {picture}" for picture in result["figures"]]
    return [capture.get().rstrip(), *notes, f"episodes: {result['path']}", *pictures]


def _notes(row: dict[str, Any]) -> list[str]:
    """What a row of the table has no column for."""
    from keyin_cli.planning.paired import REFERENCE

    lines = []
    if compared := row.get(f"against_{REFERENCE}"):
        low, high = compared["error_difference_ci95"]
        lost = compared[f"only_{REFERENCE}_succeeds"]
        solved = f"{compared['only_this_succeeds']} tasks solved by it alone, {lost} by {REFERENCE} alone"
        error = f"error {compared['error_difference']:+.2f} ({low:+.2f} to {high:+.2f})"
        lines.append(f"{row['method']} against {REFERENCE}: {error}, {solved}, p = {compared['mcnemar_p']:.2g}")
    if "copies_goal" in row:
        lines.append(f"{row['method']} copies the goal in {row['copies_goal']:.0%} of the tasks")
    return lines
