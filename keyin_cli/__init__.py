"""KeyIn: discovering subgoal structure with keyframe-based video prediction (Pertsch, Rybkin et al. 2019).

    model = keyin_cli.load("brownian")
    found = model.keyframes(frames)  # uint8 (n,T+N,H,W,C) -> found.times, found.probability (n,N)

What is listed in `__all__` is for use from Python; `library` has the documentation. It is imported when it is first used, so that
this package itself is imported at once and without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyin_cli.errors import InputError, Interrupted, RunError
    from keyin_cli.library import Keyframes, Model, load, open_dataset

__version__ = "0.1.0"
__all__ = ["InputError", "Interrupted", "Keyframes", "Model", "RunError", "__version__", "load", "open_dataset"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    floor = "errors" if name in ("InputError", "Interrupted", "RunError") else "library"
    return getattr(importlib.import_module(f"{__name__}.{floor}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
