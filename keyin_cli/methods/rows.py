"""The rows of Table 1 that a command means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from keyin_cli.discovery.selector import Select, foundation_of
from keyin_cli.errors import InputError
from keyin_cli.methods.registry import method, selector, suffix
from keyin_cli.names import selecting

if TYPE_CHECKING:
    from torch import nn


def selectors(wanted: Sequence[str], models: Mapping[str, nn.Module]) -> dict[str, Select]:
    """What makes the selectors of rows, in order; of all that the trained models allow when none is named.

    Raises:
        InputError: there is no such row, or the models allow none.
    """
    rows = list(wanted) or [row for row in selecting() if _allowed(row, models)]
    if not rows:
        raise InputError(f"no keyframes can be detected with weights of {', '.join(models)} alone: give --ckpt a run directory")
    return {row: selector(row) for row in rows}


def _allowed(row: str, models: Mapping[str, nn.Module]) -> bool:
    """Whether the weights of a row are there: its method's own; and those of stage 1 where it has none, or adds something to a
    method, which it does by the costs of segments."""
    stage = method(row).stage
    if stage is not None and stage.foundation is not None:
        if stage.name not in models:
            return False
        if not suffix(row):
            return True
    return any(foundation_of(model) is not None for model in models.values())
