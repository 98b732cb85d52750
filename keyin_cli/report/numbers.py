"""Numbers as the page's script takes them: short, and none that JSON has not."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

POINTS = 800  # of a line of a chart
LEVELS = 99  # of a signal, which is drawn small


def short(value: float, digits: int = 5) -> float | None:
    """A number of so many digits; None where it is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def shorts(values: NDArray[Any] | Sequence[float], digits: int = 5) -> list[float | None]:
    return [short(float(value), digits) for value in values]


def steady(values: NDArray[Any], digits: int = 6) -> dict[str, float] | list[float]:
    """Values (n,) as first one and step where they grow evenly, so that a thousand frames need no thousand numbers."""
    first, last = values[0].item(), values[-1].item()
    step = (last - first) / (len(values) - 1) if len(values) > 1 else 1
    rounded = np.round(values, digits)
    if np.array_equal(np.round(first + step * np.arange(len(values)), digits), rounded):
        return {"first": first, "step": step}
    listed: list[float] = rounded.tolist()
    return listed


def thinned(x: Sequence[float], y: Sequence[float]) -> tuple[list[float | None], list[float | None]]:
    """At most about POINTS points of a line, the last one always among them."""
    every = max(1, math.ceil(len(x) / POINTS))
    places = sorted({*range(0, len(x), every), len(x) - 1}) if len(x) else []
    return shorts([x[place] for place in places], 9), shorts([y[place] for place in places])


def levels(signal: NDArray[Any]) -> list[list[int]]:
    """A signal (n,D) as D lines of levels 0…LEVELS, each on its own scale, of at most POINTS points."""
    found = []
    every = max(1, math.ceil(len(signal) / POINTS))
    for column in np.nan_to_num(np.asarray(signal, np.float64)[::every].T, posinf=0, neginf=0):
        low, high = column.min(), column.max()
        found.append(np.round((column - low) / ((high - low) or 1.0) * LEVELS).astype(int).tolist())
    return found


def embedded(tree: Any) -> Markup:
    """JSON that can stand in a script element of HTML, whatever strings are in it.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(tree, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # nothing in it can end the element or begin another
