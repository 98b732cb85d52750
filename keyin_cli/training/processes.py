"""Several processes that train one model, started by `torchrun`: they meet here. With one process nothing here does anything.

torch's own DistributedDataParallel averages the gradients (engine.py). Lightning Fabric would bring the same behind an interface
of its own, but takes longer to import than torch itself, in every command.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed

from keyin_cli import ranks

PATIENCE = timedelta(days=1)  # the first process may simulate and search for hours; torchrun ends the others when one dies


def join(device: torch.device) -> None:
    """Meet the other processes, once: over NCCL on GPUs, over gloo elsewhere."""
    if ranks.world() == 1 or distributed.is_initialized():
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    atexit.register(distributed.destroy_process_group)


def wait() -> None:
    """Go on when all processes have come here."""
    if ranks.world() > 1:
        distributed.barrier()


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process runs the block alone, then the others do: they find the files that it made."""
    if ranks.rank() > 0:
        wait()
    yield
    if ranks.rank() == 0:
        wait()
    wait()


def total(values: Tensor) -> Tensor:
    """The sum over all processes; `values` is overwritten."""
    if ranks.world() > 1:
        distributed.all_reduce(values)
    return values


def anywhere(flag: bool, device: torch.device) -> bool:
    """Whether the flag is set in any process."""
    return flag if ranks.world() == 1 else bool(total(torch.tensor(float(flag), device=device)) > 0)
