"""The rows of Table 1 that a command means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from keyin_cli.discovery.selector import Select, foundation_of
from keyin_cli.errors import InputError
from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import method, selector
from keyin_cli.names import selecting

if TYPE_CHECKING:
    from torch import nn


def selectors(wanted: Sequence[str], models: Mapping[str, nn.Module]) -> dict[str, Select]:
    """What makes the selectors of rows, in order; of all that the trained models allow when none is named.

    Raises:
        InputError: there is no such row, or the models allow none.
    """
    rows = list(wanted) or [row for row in selecting() if _allowed(method(row), models)]
    if not rows:
        raise InputError(f"no keyframes can be detected with weights of {', '.join(models)} alone: give --ckpt a run directory")
    return {row: selector(row) for row in rows}


def _allowed(each: Method, models: Mapping[str, nn.Module]) -> bool:
    """Whether a method's own weights are there, or, of one that has none of its own, those of stage 1."""
    if each.stage is not None and each.stage.foundation is not None:
        return each.stage.name in models
    return any(foundation_of(model) is not None for model in models.values())
