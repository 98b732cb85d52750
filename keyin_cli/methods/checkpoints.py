"""Which weights `--ckpt` means, and the models in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyin_cli import storage
from keyin_cli.errors import InputError, shown
from keyin_cli.methods.registry import stage, stages
from keyin_cli.recipe import Recipe, check
from keyin_cli.recipe.recipe import recipe_class
from keyin_cli.storage import CHECKPOINTS, MANIFEST, SHIFTS, WEIGHTS

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.model.trained import Checkpoint
    from keyin_cli.model.weights import Tensors

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
        shifts=_shifts(shifts, loaded[0][2].window.predicted) if shifts.is_file() else {},
    )


def _shifts(path: Path, longest: int) -> dict[str, int]:
    """Frames by which keyframes of a row are moved, less than `longest` to either side.

    Raises:
        InputError: a file has something else.
    """
    found = storage.read_json(path)
    if isinstance(found, dict) and all(type(each) is int and abs(each) < longest for each in found.values()):
        return found
    raise InputError(f"{shown(path)} is damaged, expected a number of frames for each method: delete it to have none moved")


def _load(file: Path, overrides: Sequence[str]) -> tuple[str, nn.Module, Recipe]:
    """Stage, model and recipe of a weights file."""
    from keyin_cli.model.weights import load_tensors, read_header, read_weights, untrained

    kinds, metadata = read_header(file)
    try:
        spec = stage(metadata["stage"])
    except InputError as error:
        raise InputError(f"{shown(file)}: {error}") from None
    recipe = recipe_of(metadata, file, overrides)
    model = untrained(lambda: spec.model(recipe), kinds, file)
    tensors = read_weights(file)[0]
    _check_recorded(file, tensors, metadata)
    load_tensors(model, tensors, file)
    return spec.name, model.eval().requires_grad_(False), recipe


def _check_recorded(file: Path, tensors: Tensors, metadata: Mapping[str, Any]) -> None:
    """Raises:
    InputError: they are others than the manifest beside them says, when that is ours and of finished weights.
    """
    from keyin_cli.model.weights import are_recorded

    if file.name != WEIGHTS or not _is_ours(file.parent):
        return
    manifest = storage.read_manifest(file.parent)
    if "weights_sha256" in manifest and not are_recorded(manifest, tensors, metadata):
        what = f"{shown(file)} is damaged, or does not belong to {MANIFEST} beside it"
        raise InputError(f"{what}: train again with --overwrite, or delete {MANIFEST} if it came from elsewhere")


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
    if folder.resolve().is_relative_to(released_folder().resolve()):
        return False
    return _is_ours(folder) and "halved_from" not in storage.read_manifest(folder)


def _is_ours(folder: Path) -> bool:
    """Whether the manifest in a directory, if there is one, is of a trained stage and not another program's."""
    if not (folder / MANIFEST).is_file():
        return False
    manifest = storage.read_json(folder / MANIFEST)
    return isinstance(manifest, dict) and manifest.get("kind") == "run"
