"""Several processes that train one model together, started by `torchrun`. With one process nothing here does anything.

Who a process is can be asked without torch, so every command may ask. torch's own DistributedDataParallel averages the gradients
(training/engine.py). Lightning Fabric would bring the same behind an interface of its own, but takes longer to import than torch
itself, in every command.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from keyin_cli.errors import InputError, shown

if TYPE_CHECKING:
    import torch

MOST = 100_000  # processes
PATIENCE = timedelta(days=1)  # the first process may simulate and search for hours; torchrun ends the others when one dies


def world() -> int:
    """How many processes train together; 1 without `torchrun`.

    Raises:
        InputError: the variables of the environment that say so say nothing sensible.
    """
    return _number("WORLD_SIZE", 1, MOST) if "RANK" in os.environ else 1


def rank() -> int:
    """This process among them, from 0."""
    return _number("RANK", 0, world() - 1) if world() > 1 else 0


def local_rank() -> int:
    """This process among those of its machine, from 0."""
    return _number("LOCAL_RANK", 0, world() - 1) if world() > 1 else 0


def _number(name: str, least: int, most: int) -> int:
    """A number in the environment; the least where there is none."""
    text = os.environ.get(name, str(least))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise InputError(
            f"{name}={shown(text)[:40]}: expected {least} to {most}, as torchrun sets it: start it with torchrun, or unset RANK"
        )
    return int(text)


def join(device: torch.device) -> None:
    """Meet the other processes, once: over NCCL on GPUs, over gloo elsewhere."""
    if world() == 1:
        return
    import torch
    from torch import distributed

    if distributed.is_initialized():
        return
    if missing := [name for name in ("MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)]:
        raise InputError(
            f"RANK says that there are other processes, but {missing[0]} is missing: start it with torchrun, or unset RANK"
        )
    _number("MASTER_PORT", 0, 65535)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    atexit.register(distributed.destroy_process_group)


def wait() -> None:
    """Go on when all processes have come here."""
    if world() > 1:
        from torch import distributed

        distributed.barrier()


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process runs the block alone, then the others do: they find the files that it made."""
    if rank() > 0:
        wait()
    yield
    if rank() == 0:
        wait()
    wait()


def total(values: torch.Tensor) -> torch.Tensor:
    """The sum over all processes; `values` is overwritten."""
    if world() > 1:
        from torch import distributed

        distributed.all_reduce(values)
    return values


def anywhere(flag: bool, device: torch.device) -> bool:
    """Whether the flag is set in any process."""
    if world() == 1:
        return flag
    import torch

    return bool(total(torch.tensor(float(flag), device=device)) > 0)
