"""Which of several processes this is, as `torchrun` says. Imports no torch, so every command may ask."""

from __future__ import annotations

import os


def world() -> int:
    """How many processes train together; 1 without `torchrun`."""
    return int(os.environ.get("WORLD_SIZE", 1)) if "RANK" in os.environ else 1


def rank() -> int:
    """This process among them, from 0."""
    return int(os.environ["RANK"]) if world() > 1 else 0


def local_rank() -> int:
    """This process among those of its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", 0)) if world() > 1 else 0
