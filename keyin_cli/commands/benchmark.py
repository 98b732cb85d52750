"""`keyin benchmark`: every method on demonstrations whose true events are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keyin_cli.commands.common import COUNT_MOST, SEED_MOST, Dask, Json, NoWait, Workers, emit, listed
from keyin_cli.names import competing, demonstrated

if TYPE_CHECKING:
    from keyin_cli.discovery.benchmark.result import Result

MINUTES = 15.0
DATASETS = listed("Kinds of dataset, or paths of labelled episodes; default all kinds: ", demonstrated())


def run(
    dataset: Annotated[list[str] | None, typer.Argument(metavar="DATASET", help=DATASETS, show_default=False)] = None,
    method: Annotated[
        list[str],
        typer.Option(metavar="METHOD", help=listed("Methods; may be given many times; default all: ", competing())),
    ] = [],  # noqa: B006 (typer reads the default)
    n: Annotated[int, typer.Option(min=2, max=COUNT_MOST, help="Episodes of each dataset that is made.")] = 60,
    seed: Annotated[int, typer.Option(min=0, max=SEED_MOST, help="Of datasets that are made, and of methods.")] = 1,
    minutes: Annotated[float, typer.Option(min=0.1, max=1e6, help="That each training is planned for.")] = MINUTES,
    workers: Workers = None,
    dask: Dask = None,
    out: Annotated[Path, typer.Option(help="Where keyframes, tables and the page go.")] = Path("artifacts/benchmark"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew; datasets that were made are kept.")] = False,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Find the keyframes of demonstrations by every method, and score them against true events; makes the datasets, and trains
    what has to be trained, without labels. Continues where it was stopped."""
    from keyin_cli import machine, storage
    from keyin_cli.methods.benchmarking import REPORT, Settings, benchmark
    from keyin_cli.report.render import check_free

    page = out / REPORT
    check_free(page)
    with storage.waiting(not no_wait):
        settings = Settings(n, seed, minutes)
        result = benchmark(dataset or [], method, settings, out, workers or machine.cores(), dask, overwrite)
        with storage.locked(out):
            from keyin_cli import report

            report.write(page, report.build(out))
    emit({"path": str(out), "report": str(page), **result.model_dump(mode="json")}, as_json, lines(result, out, page))


def lines(result: Result, out: Path, page: Path) -> list[str]:
    """All tables for a person."""
    from keyin_cli.discovery.benchmark import texts

    told = []
    for dataset in result.datasets:
        told.append(texts.about(dataset))
        for key, rows in result.tables().items():
            if key[0] == dataset.name:
                told += [_drawn(texts.title(key), texts.COLUMNS, map(texts.cells, rows)), *texts.notes(rows), ""]
        if there := result.lines().get(dataset.name):
            grid = texts.reconstruction_table(there)
            told += [_drawn(texts.reconstruction_title(dataset.name), *grid), *texts.reconstruction_notes(there), ""]
        told += texts.left_out(dataset)
    return [*told, f"the same as Markdown: {out / 'table.md'}", f"look at it: {page}"]


def _drawn(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        grid.add_column(Text(column), no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    console = Console(width=200)
    with console.capture() as capture:
        console.print(grid)
    return capture.get().rstrip()
