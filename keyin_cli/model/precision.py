"""What stays float32 where matrix products are bfloat16: losses and soft time, whose sums run over thousands of small terms."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import torch
from torch import Tensor

P = ParamSpec("P")


def float32(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Inside autocast, compute a function of tensors without it, on float32 copies; elsewhere, just the function."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        kind = next(value.device.type for value in args if isinstance(value, Tensor))
        if not torch.is_autocast_enabled(kind):
            return function(*args, **kwargs)
        with torch.autocast(kind, enabled=False):
            exact: Any = [_exact(value) for value in args]
            return function(*exact, **kwargs)

    return wrapped


def _exact(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype in (torch.bfloat16, torch.float16) else value
