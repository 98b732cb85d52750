"""`keyin plan`: rows of Table 2."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keyin_cli.commands.common import DryRun, Json, Overwrite, emit, seconds_text

OUT = Path("artifacts/runs/planning")


def run(
    method: Annotated[
        list[str], typer.Option(help="none (straight to the goal) or oracle (the demonstrator's subgoals); default both.")
    ] = ["none", "oracle"],  # noqa: B006 (typer reads the default)
    episodes: Annotated[int, typer.Option(min=1, help="Number of tasks.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the tasks and of the servo's samples.")] = 0,
    out: Annotated[Path, typer.Option(help="Where results go, one directory per method.")] = OUT,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Push pucks around walls to goals: subgoals, then a CEM servo on the true dynamics (Table 2)."""
    from keyin_cli.planning import evaluate

    if dry_run:
        estimate = evaluate.estimate(method, episodes)
        lines = [f"{key}: {value}" for key, value in estimate["servo"].items()]
        steps = f"{estimate['environment_steps']:,} environment steps at most, {seconds_text(estimate['seconds'])}"
        emit(estimate, as_json, [*lines, f"{episodes} tasks, {steps}"])
        return
    result = evaluate.plan(method, episodes, seed, out, overwrite)
    emit(result, as_json, table(result))


def table(result: dict[str, Any]) -> list[str]:
    """The rows as a table, and where the episodes are."""
    from rich.console import Console
    from rich.table import Table

    episodes = result["rows"][0]["episodes"]
    columns = ("method", "success", "95 % interval", "error", "error / initial", "steps", "seconds")
    title = f"{episodes} tasks of seed {result['seed']}, servo {result['rows'][0]['servo']}"
    grid = Table(*columns, title=title, title_justify="left")
    for row in result["rows"]:
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
    return [capture.get().rstrip(), f"episodes: {result['path']}"]
