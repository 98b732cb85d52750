"""Where and with what a stage runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from keyin_cli.errors import InputError

Module = TypeVar("Module", bound=nn.Module)


def pick_device(wanted: str) -> torch.device:
    """`auto` is the GPU when there is one.

    Raises:
        InputError: a GPU is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise InputError("device cuda: this torch sees no GPU; use --set device=cpu, or see `keyin doctor`")
    return torch.device("cuda" if available and wanted != "cpu" else "cpu")


def describe(device: torch.device) -> dict[str, str | int]:
    """What a manifest says of the device."""
    if device.type == "cuda":
        return {"type": "cuda", "name": torch.cuda.get_device_name(device)}
    return {"type": "cpu", "threads": torch.get_num_threads()}


def seeded(seed: int, build: Callable[[], Module]) -> Module:
    """Build a module whose initial weights are a function of the seed; the global random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()
