"""The rows of Table 2 that a command means, with their weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keyin_cli.datasets.kind import kind_of
from keyin_cli.errors import InputError
from keyin_cli.methods.checkpoints import find_all_weights, load_model, recipe_of
from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import method, suffix, training_command
from keyin_cli.names import ALL, proposing
from keyin_cli.recipe import Recipe
from keyin_cli.registry import METHODS

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.planning.entrant import Entrant, Weights


def entrants(rows: Sequence[str], ckpt: Path | str | None) -> dict[str, Entrant]:
    """The rows that are meant, `all` being those that the weights allow, in order, with any that is named beside it.

    Raises:
        InputError: there is no such row, or its weights are not there or are of another world.
    """
    known = proposing()
    if unknown := [row for row in rows if row not in (ALL, *known)]:
        raise METHODS.unknown(unknown[0], [ALL, *known])
    files = _files(ckpt)
    if ALL in rows:
        rows = [row for row in known if row in rows or (stage := method(row).stage) is None or stage.name in files]
    needed = {row: _needed(row, method(row), files) for row in rows}
    from keyin_cli.planning.entrant import Entrant  # takes seconds, which bad input should not wait for

    weights = {file: _weights(stage, file) for stage, file in files.items() if file in needed.values()}
    return {
        row: Entrant(
            propose=(each := method(row)).proposers[suffix(row)],
            weights=weights[file] if file else None,
            servo=each.servo,
            follows_demonstration=each.follows_demonstration,
        )
        for row, file in needed.items()
    }


def _files(ckpt: Path | str | None) -> dict[str, Path]:
    """The weights that `--ckpt` means, by the stage that trained them; none without it.

    Raises:
        InputError: there are none, or they are of another world than the pushing one.
    """
    from keyin_cli.model.weights import read_header

    files = {}
    for file in find_all_weights(ckpt) if ckpt is not None else ():
        metadata = read_header(file)[1]
        _check_world(recipe_of(metadata, file), file)
        files[metadata["stage"]] = file
    return files


def _needed(row: str, each: Method, files: dict[str, Path]) -> Path | None:
    """The weights file of a row; None when it needs none.

    Raises:
        InputError: it is not there.
    """
    if each.stage is None:
        return None
    if each.stage.name not in files:
        command = training_command(each.stage.name)
        raise InputError(f"{row} needs weights of `{command}`: give --ckpt a run directory that has {each.stage.name}/")
    return files[each.stage.name]


def _weights(stage: str, file: Path) -> Weights:
    from keyin_cli.model.weights import read_weights, tensors_sha256
    from keyin_cli.planning.entrant import Weights

    tensors, metadata = read_weights(file)
    size = recipe_of(metadata, file).data.image[0]
    return Weights(stage, file.absolute(), tensors_sha256(tensors), size, _load)


def _load(file: Path) -> nn.Module:
    return load_model(file)[0]


def _check_world(recipe: Recipe, file: Path) -> None:
    height, width, channels = recipe.data.image
    if not kind_of(recipe.data).pucks or height != width or channels != 3:
        what = f"{file} was trained on {recipe.data.kind} frames of {height}x{width}x{channels}"
        raise InputError(f"{what}: planning needs weights of the pushing world, square and in colour; see `keyin recipes list`")
