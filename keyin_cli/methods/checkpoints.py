"""Which weights `--ckpt` means, and the models in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.methods.registry import stage, stages
from keyin_cli.recipe import Recipe, check
from keyin_cli.recipe.recipe import recipe_class
from keyin_cli.storage import CHECKPOINTS, MANIFEST, SHIFTS, WEIGHTS

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.model.trained import Checkpoint

RELEASED = "released"


def find(path: Path | str) -> Path:
    """What `--ckpt` names: a path, or the name of a released directory (`brownian`, `pushing`) when there is no such path."""
    return Path(path) if (released := _released(path)) is None or Path(path).exists() else released


def _released(path: Path | str) -> Path | None:
    """The released directory of a name; None when it is no such name."""
    names = {folder.name: folder for folder in released_folder().glob("*") if folder.is_dir()}
    return names.get(str(Path(path)))


def released_folder() -> Path:
    """Where the released weights lie: inside the package in a wheel, in `artifacts` of a checkout."""
    package = Path(__file__).parents[1]
    inside = package / RELEASED
    return inside if inside.is_dir() else package.parent / "artifacts" / RELEASED


def find_weights(path: Path | str) -> Path:
    """The first weights file that `--ckpt` means: see `find_all_weights`."""
    return find_all_weights(path)[0]


def find_all_weights(path: Path | str) -> list[Path]:
    """The weights files that `--ckpt` means: a file, that of a stage's directory, or those of all stages of a run or release.

    Raises:
        InputError: there are none; the line says how to make some.
    """
    given, path = path, find(path)
    if not os.path.exists(path):  # which, unlike Path's, is False also for names that are too long
        raise _nothing_at(path)
    if path.is_file():
        return [path]
    if (path / WEIGHTS).is_file():
        return [path / WEIGHTS]
    known = stages()
    if found := [path / stage / WEIGHTS for stage in known if (path / stage / WEIGHTS).is_file()]:
        return found
    if any((path / stage / CHECKPOINTS).is_dir() for stage in ("", *known)):
        raise InputError(f"{path} holds an unfinished run: continue it with the command in its {MANIFEST}")
    if hidden := _released(given):
        raise InputError(f"no weights at {path}, which hides the released ones of that name: give --ckpt {hidden}")
    raise _nothing_at(path)


def _nothing_at(path: Path) -> InputError:
    released = sorted(folder.name for folder in released_folder().glob("*") if (folder / "keyin" / WEIGHTS).is_file())
    names = f", or give the name of released ones ({', '.join(released)})" if released else ""
    return InputError(f"no weights at {path}: train some with `keyin train recipes/brownian.yaml`{names}")


def load_model(file: Path, overrides: Sequence[str] = ()) -> tuple[nn.Module, Recipe]:
    """The model of a weights file, in evaluation mode on the CPU, and its recipe, with `overrides` of its keys.

    Raises:
        InputError: it is no weights file of ours; no method is installed that trains such; its tensors do not fit its recipe.
    """
    return _load(file, overrides)[1:]


def load(path: Path | str, overrides: Sequence[str] = ()) -> Checkpoint:
    """All models that `--ckpt` means.

    Raises:
        InputError: see `find_all_weights` and `load_model`.
    """
    from keyin_cli.model.trained import Checkpoint

    files = find_all_weights(path)
    loaded = [_load(file, overrides) for file in files]
    models = {name: model for name, model, _ in loaded}
    shifts = files[0].parent.parent / SHIFTS
    return Checkpoint(
        recipe=loaded[0][2],
        models=models,
        files={name: file for (name, *_), file in zip(loaded, files, strict=True)},
        shifts=storage.read_json(shifts) if shifts.is_file() else {},
    )


def _load(file: Path, overrides: Sequence[str]) -> tuple[str, nn.Module, Recipe]:
    """Stage, model and recipe of a weights file."""
    from keyin_cli.model.weights import load_tensors, read_weights

    tensors, metadata = read_weights(file)
    try:
        spec = stage(metadata["stage"])
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    recipe = recipe_of(metadata, file, overrides)
    model = spec.model(recipe)
    load_tensors(model, tensors, file)
    return spec.name, model.eval().requires_grad_(False), recipe


def recipe_of(metadata: Mapping[str, Any], file: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a weights file, with `overrides`.

    Raises:
        InputError: it is none.
    """
    known = recipe_class().model_fields  # what else is there are sections of methods that were installed when it was trained
    return check({key: value for key, value in metadata["recipe"].items() if key in known}, overrides, source=str(file))


def evaluations(weights: Path, recipe_name: str) -> Path:
    """Where evaluations of a weights file go: beside it in a run of ours; released and foreign weights are left alone."""
    folder = weights.parent
    return (folder if _is_run(folder) else storage.runs(recipe_name)) / "eval_f1"


def _is_run(folder: Path) -> bool:
    """Whether a directory is a stage that was trained into a run here, not one that was published or came from elsewhere."""
    if not (folder / MANIFEST).is_file() or folder.resolve().is_relative_to(released_folder().resolve()):
        return False
    manifest = storage.read_json(folder / MANIFEST)  # it may be another program's
    return isinstance(manifest, dict) and manifest.get("kind") == "run" and "halved_from" not in manifest
