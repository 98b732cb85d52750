"""`keyin recipes`: find and check recipes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from keyin_cli.commands.common import Json, RecipeArgument, Set, emit

app = typer.Typer(help="List, show, copy and validate recipes.", epilog="keyin recipes list", no_args_is_help=True)


@app.command("list", epilog="keyin recipes list --json")
def list_all(as_json: Json = False) -> None:
    """List the shipped recipes with what each is for."""
    from keyin_cli import recipe

    rows = [
        {"name": str(path.relative_to(recipe.folder()).with_suffix("")), "about": recipe.about(path)} for path in recipe.shipped()
    ]
    width = max((len(row["name"]) for row in rows), default=0)
    emit({"folder": str(recipe.folder()), "recipes": rows}, as_json, [f"{row['name']:<{width}}  {row['about']}" for row in rows])


@app.command(epilog="keyin recipes show brownian --set train.lr=1e-3")
def show(
    recipe: RecipeArgument,
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    as_json: Json = False,
) -> None:
    """Print a recipe with every default filled in."""
    from keyin_cli import recipe as recipes

    resolved = recipes.load(recipe, overrides)
    emit(resolved.model_dump(mode="json"), as_json, [recipes.to_yaml(resolved).rstrip()])


@app.command(epilog="keyin recipes copy brownian mine.yaml")
def copy(
    recipe: RecipeArgument,
    target: Annotated[Path, typer.Argument(help="The file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file when it is there.")] = False,
    as_json: Json = False,
) -> None:
    """Copy a recipe, comments included, to change it."""
    from keyin_cli import recipe as recipes
    from keyin_cli import storage
    from keyin_cli.errors import InputError, shown

    source = recipes.find(recipe)
    if target.is_dir():
        raise InputError(f"{shown(target)} is a directory: give the name of a file")
    if os.path.lexists(target):
        if not target.is_file():
            raise InputError(f"{shown(target)} is no file, it is left alone: give another name")
        if not overwrite:
            raise InputError(f"{shown(target)} exists: give another name, or --overwrite to replace it")
    storage.write(target, source.read_bytes())
    emit(
        {"source": str(source), "path": str(target)},
        as_json,
        [f"{target}: a copy of {source}; next: keyin recipes validate {target}"],
    )


@app.command(epilog="keyin recipes validate recipes/brownian.yaml mine.yaml")
def validate(
    files: Annotated[list[str], typer.Argument(metavar="RECIPE...", help="Paths, or names of shipped recipes.")],
    overrides: Set = [],  # noqa: B006 (typer reads the default)
    as_json: Json = False,
) -> None:
    """Check recipes and report everything that is wrong with them."""
    from keyin_cli import recipe as recipes
    from keyin_cli.errors import Faults, InputError

    problems = []
    for file in files:
        try:
            recipes.load(file, overrides)
        except InputError as error:
            problems += error.lines if isinstance(error, Faults) else [str(error)]
    if problems:
        raise Faults(problems, everything=True)
    emit({"valid": files}, as_json, [f"{file}: valid" for file in files])
