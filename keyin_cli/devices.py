"""Where tensors live: which device a recipe means, and what a manifest says of it."""

from __future__ import annotations

from typing import Any

import torch

from keyin_cli import distributed
from keyin_cli.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def pick_device(wanted: str) -> torch.device:
    """`auto` is the GPU when there is one; each of several processes on a machine has its own.

    Raises:
        InputError: a GPU is asked for and there is none, or it is no device.
    """
    if wanted not in DEVICES:
        raise InputError(f"no device {wanted}: there are {', '.join(DEVICES)}")
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise InputError("device cuda: this torch sees no GPU; use --set device=cpu, or see `keyin doctor`")
    if not available or wanted == "cpu":
        return torch.device("cpu")
    if distributed.world() == 1:
        return torch.device("cuda")
    if distributed.local_rank() >= torch.cuda.device_count():
        raise InputError(f"{torch.cuda.device_count()} GPUs are too few: start torchrun with --nproc-per-node no larger")
    return torch.device("cuda", distributed.local_rank())


def describe(device: torch.device) -> dict[str, str | int]:
    """What a manifest says of the device."""
    kind: dict[str, str | int] = {"type": device.type}
    if device.type == "cuda":
        kind["name"] = torch.cuda.get_device_name(device)
    else:
        kind["threads"] = torch.get_num_threads()
    return kind if distributed.world() == 1 else kind | {"processes": distributed.world()}


def peak_memory(device: torch.device) -> dict[str, Any]:
    """What a manifest says of a GPU's memory; empty for a CPU, whose process's is recorded anyway."""
    return {"peak_gpu_memory_bytes": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {}
