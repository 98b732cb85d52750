"""`keyin report`: one HTML page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyin_cli.commands.common import Json, emit
from keyin_cli.machine import sized

NAME = "report.html"


def run(
    path: Annotated[
        Path,
        typer.Argument(help="A dataset, found keyframes, what eval-f1, table, benchmark or plan wrote, or a training run."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The file; default report.html in the directory, <name>-report.html beside a dataset.")
    ] = None,
    episodes: Annotated[str | None, typer.Option(metavar="FROM:TO", help="These episodes; default the first 50.")] = None,
    data: Annotated[Path | None, typer.Option(help="The dataset, when it is not where PATH says.")] = None,
    as_json: Json = False,
) -> None:
    """Make one HTML page that needs no network: films, keyframes that can be edited and downloaded, scores, curves."""
    from keyin_cli import report, storage
    from keyin_cli.commands.import_data import span
    from keyin_cli.errors import shown
    from keyin_cli.report.render import check_free

    out = out or _beside(path)
    check_free(out)
    page = report.build(path, None if episodes is None else span(episodes), data)
    report.write(out, page)
    size = storage.size(out)
    result = {"path": str(out), "kind": page.kind, "episodes": len(page.episodes), "bytes": size}
    lines = [f"{shown(out)}: {page.kind} of {page.title}, {sized(size)}", *([page.left_out] if page.left_out else [])]
    emit(result, as_json, lines)


def _beside(path: Path) -> Path:
    """Where a page goes that nobody named: into a directory of results, beside everything else."""
    folder = path if path.name else path.absolute()
    if (folder / "zarr.json").is_file():
        return folder.with_name(f"{folder.stem}-{NAME}")
    if folder.is_dir():
        return folder / NAME
    return folder.with_name(NAME if folder.name == "keyframes.json" else f"{folder.stem}-{NAME}")
