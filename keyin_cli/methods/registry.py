"""Looking methods up: rows of the tables, what is trained, and what an unknown name gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from keyin_cli.colours import Colour
from keyin_cli.errors import InputError
from keyin_cli.methods.method import Method
from keyin_cli.registry import METHODS, Card
from keyin_cli.training.spec import StageSpec

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.discovery.selector import Selector, Sources

Model = TypeVar("Model")


def method(name: str) -> Method:
    """The method of a name, or of one of its rows: `keyin+refine` is of `keyin`.

    Raises:
        InputError: there is none.
    """
    found: Method = METHODS.get(name.partition("+")[0])
    return found


def selecting() -> list[str]:
    """The rows of Table 1: everything that detects keyframes, in order. Imports no method."""
    return [row for card in METHODS.cards.values() for row in _rows(card, "selectors")]


def proposing() -> list[str]:
    """The rows of Table 2: everything that proposes subgoals; the strongest last, as in the paper. Imports no method."""
    return [row for card in reversed(METHODS.cards.values()) for row in _rows(card, "proposers")]


def baselines() -> list[str]:
    """What `keyin baseline` trains. Imports no method."""
    return [name for name, card in METHODS.cards.items() if "stage" in card.given and "command" not in card.given]


def selector(row: str) -> Callable[[Sources], Selector]:
    """What makes the selector of a row of Table 1.

    Raises:
        InputError: there is no such row.
    """
    if row not in selecting():
        raise METHODS.unknown(row, selecting(), "selector")
    return method(row).selectors[suffix(row)]


def stages() -> dict[str, StageSpec]:
    """Everything that is trained, by the name of its directory in a run."""
    found = [METHODS.get(name).stage for name, card in METHODS.cards.items() if "stage" in card.given]
    return {stage.name: stage for stage in found}


def stage(name: str) -> StageSpec:
    """The stage of a name.

    Raises:
        InputError: no method has it.
    """
    known = stages()
    if name not in known:
        raise METHODS.unknown(name, list(known), "stage")
    return known[name]


def colours() -> dict[str, Colour]:
    """The colour of every method's line in a diagram."""
    return {each.name: each.colour for each in METHODS.all()}


def trained(models: Mapping[str, nn.Module], name: str, kind: type[Model]) -> Model:
    """The model that a stage trained.

    Raises:
        InputError: it is not there.
    """
    model = models.get(name)
    if isinstance(model, kind):
        return model
    raise InputError(f"{name} needs a checkpoint of `{training_command(name)}`, which is not there: use --selector search")


def training_command(stage_name: str) -> str:
    """The command that trains a stage, without its recipe: `keyin baseline surprise`."""
    for each in METHODS.all():
        if each.stage is not None and each.stage.name == stage_name:
            return f"keyin {each.command or f'baseline {each.name}'}"
    raise METHODS.unknown(stage_name, list(stages()), "stage")


def _rows(card: Card, field: str) -> list[str]:
    if field not in card.given:
        return []
    if field not in card.keys:
        return [f"{card.name}{suffix}" for suffix in getattr(METHODS.get(card.name), field)]
    return [f"{card.name}{suffix}" for suffix in card.keys[field]]


def suffix(row: str) -> str:
    _, plus, suffix = row.partition("+")
    return plus + suffix
