"""`keyin gen-data`: make a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyin_cli.commands.common import (
    COUNT_MOST,
    SEED_MOST,
    Dask,
    DryRun,
    Json,
    NoWait,
    Overwrite,
    Set,
    Workers,
    emit,
    listed,
    seconds_text,
)
from keyin_cli.machine import sized
from keyin_cli.names import generated
from keyin_cli.registry import DATASETS

KINDS = listed("A recipe whose data section is used, or a kind: ", generated(), DATASETS)
Dataset = Annotated[str, typer.Argument(metavar="DATASET", help=KINDS)]


def run(
    dataset: Dataset,
    n: Annotated[int | None, typer.Option(min=1, max=COUNT_MOST, help="Number of sequences.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the dataset goes; default what the recipe says, or artifacts/data/<kind>.zarr.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=SEED_MOST, help="Seed; sequence i depends on (seed, i) alone.")] = None,
    workers: Workers = None,
    dask: Dask = None,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    overwrite: Overwrite = False,
    no_wait: NoWait = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Simulate a dataset in parallel; continues where it was stopped."""
    from keyin_cli import machine, recipe, storage
    from keyin_cli.datasets import generate

    chosen = {key: value for key, value in (("n", n), ("seed", seed), ("path", out and str(out))) if value is not None}
    data = recipe.data_section(dataset, overrides, chosen)
    if dry_run:
        estimate = generate.estimate(data, workers or machine.cores())
        lines = [recipe.to_yaml(data), *(f"{name}: {shape}" for name, shape in estimate["arrays"].items())]
        cost = f"{sized(estimate['bytes'])} on disk, {sized(estimate['memory'])} of memory"
        emit(estimate, as_json, [*lines, f"about {cost}, {seconds_text(estimate['seconds'])}"])
        return
    with storage.waiting(not no_wait):
        result = generate.generate(data, Path(data.path), workers or machine.cores(), dask, overwrite)
    rate = f"{result['sequences_per_second']:,.3g} sequences/s"
    lines = [
        f"{result['path']}: {result['n']:,} sequences, {sized(result['bytes'])}, {seconds_text(result['seconds'])}, {rate}",
        f"states {result['states_sha256'][:16]}; look at it with: keyin info {result['path']}",
    ]
    emit(result, as_json, lines)
