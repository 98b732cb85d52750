"""Looking methods up: rows of the tables, what is trained, and what an unknown name gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from keyin_cli.colours import Colour
from keyin_cli.errors import InputError
from keyin_cli.methods.method import Method
from keyin_cli.names import baselines, compared, selecting
from keyin_cli.registry import METHODS
from keyin_cli.training.spec import StageSpec

if TYPE_CHECKING:
    from torch import nn

    from keyin_cli.discovery.selector import Select

Model = TypeVar("Model")


def method(name: str) -> Method:
    """The method of a name, or of one of its rows: `keyin+refine` is of `keyin`.

    Raises:
        InputError: there is none.
    """
    found: Method = METHODS.get(name.partition("+")[0])
    return found


def tabled(chosen: Sequence[str]) -> list[Method]:
    """The methods of Table 1, the trained baselines among them being those chosen (all when none is).

    Raises:
        InputError: one of them is no trained baseline with a row in that table.
    """
    if unknown := [name for name in chosen if name not in compared()]:
        raise METHODS.unknown(unknown[0], compared(), "baseline")
    left_out = set(compared()) - set(chosen) if chosen else set()
    rows = (name for name, card in METHODS.cards.items() if "selectors" in card.given and name not in left_out)
    return [METHODS.get(name) for name in rows]


def baseline(name: str) -> str:
    """The stage that a baseline trains.

    Raises:
        InputError: there is no such baseline.
    """
    if name not in baselines():
        raise METHODS.unknown(name, baselines(), "baseline")
    stage: StageSpec = METHODS.get(name).stage
    return stage.name


def selector(row: str) -> Select:
    """What makes the selector of a row of Table 1.

    Raises:
        InputError: there is no such row.
    """
    if row not in selecting():
        raise METHODS.unknown(row, selecting(), "selector")
    return method(row).selectors[suffix(row)]


def stages() -> dict[str, StageSpec]:
    """Everything that is trained, by the name of its directory in a run.

    Raises:
        InputError: a method cannot be loaded, or trains a stage whose name another has.
    """
    found: dict[str, StageSpec] = {}
    for name, card in METHODS.cards.items():
        if "stage" not in card.given or (stage := METHODS.get(name).stage) is None:
            continue
        if found.setdefault(stage.name, stage) is not stage:
            raise InputError(f"method {name} of {card.module} trains a stage {stage.name}, which another does: rename it")
    return found


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
    from keyin_cli.discovery.selector import foundation_of

    other = "use --selector search" if any(map(foundation_of, models.values())) else "give --ckpt a run directory that has it"
    raise InputError(f"{name} needs a checkpoint of `{training_command(name)}`, which is not there: {other}")


def training_command(stage_name: str) -> str:
    """The command that trains a stage, without its recipe: `keyin baseline surprise`."""
    for name, card in METHODS.cards.items():
        each = METHODS.get(name) if "stage" in card.given else None
        if each is not None and each.stage is not None and each.stage.name == stage_name:
            return f"keyin {each.command or f'baseline {each.name}'}"
    raise METHODS.unknown(stage_name, list(stages()), "stage")


def suffix(row: str) -> str:
    """What a row adds to its method's name: "" or, of `keyin+refine`, "+refine"."""
    _, plus, suffix = row.partition("+")
    return plus + suffix
