"""What there is to know of something that is trained. A method says it, and training is handed it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keyin_cli import machine
from keyin_cli.recipe import Recipe, Train

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from keyin_cli.training.phase import Phase

Tree = dict[str, Any]
BOOKKEEPING = ("log_every", "validate_every", "checkpoint_every")  # keys of a schedule that change no weight
EVALUATE = "keyin eval-f1 --ckpt {run}"


@dataclass(frozen=True)
class Material:
    """What a stage is built from.

    `frames`: the sequences (n,T+N,H,W,C) uint8 of the splits `train` and `val`. `foundation`: the weights of stage 1, empty for
    stage 1 itself. `cache`: a directory for what is found out about these sequences once, by `workers` processes or by the Dask
    cluster at an address.
    """

    recipe: Recipe
    frames: Mapping[str, NDArray[np.uint8]]
    device: torch.device
    cache: Path
    foundation: Mapping[str, Tensor] = field(default_factory=dict)
    workers: int = field(default_factory=machine.cores)
    dask: str | None = None


def unchanged(recipe: Recipe) -> Recipe:
    return recipe


@dataclass(frozen=True)
class StageSpec:
    """Something that is trained.

    Attributes:
        name: in weights files, and of its directory in a run.
        build: the stage's phases in order, with one model, whose weights are fresh.
        model: the untrained model of a recipe, which weights are then loaded into.
        keys: from a recipe's plain tree, what decides its result beside the keys of stage 1.
        foundation: the stage that it stands on, trained first when it is missing.
        variant: the recipe that it is trained with, when that is another than the one given.
        schedule: where a recipe's tree says how many steps it is trained: the keys and places on the way there.
        then: the command to try next, with `{run}` for the run directory.
    """

    name: str
    build: Callable[[Material], Sequence[Phase]]
    model: Callable[[Recipe], nn.Module]
    keys: Callable[[Tree], Tree]
    foundation: StageSpec | None = None
    variant: Callable[[Recipe], Recipe] = unchanged
    schedule: tuple[str | int, ...] = ("train", "phases", 0)
    then: str = EVALUATE

    def part(self, recipe: Recipe) -> Tree:
        """The keys of a recipe that decide the result. What else changes does not invalidate a run."""
        tree = recipe.model_dump(mode="json")
        del tree["data"]["path"]
        part = {key: tree[key] for key in ("seed", "data", "window", "pretrain")}
        if recipe.precision != "float32":  # runs from before this key are float32
            part["precision"] = recipe.precision
        part["model"] = {key: tree["model"][key] for key in ("codec", "lstm", "interpolator", "reduction")}
        return comparable(part | self.keys(tree))


def comparable(part: Tree) -> Tree:
    """The keys that decided a result, as they are named now and without bookkeeping, from a manifest of any age."""
    if "train" in part:  # it had one phase and no list
        with suppress(ValueError):  # what is no such section differs from every other
            part = part | {"train": Train.model_validate(part["train"]).model_dump(mode="json")}
    kept = {
        name: {key: each for key, each in value.items() if key not in BOOKKEEPING} if isinstance(value, dict) else value
        for name, value in part.items()
    }
    discovery = kept.get("discovery")
    if isinstance(discovery, dict) and type(before := discovery.pop("earlier", 0)) is int and before:
        discovery["shift"] = -before  # which is the new name, with the other sign
    return kept
