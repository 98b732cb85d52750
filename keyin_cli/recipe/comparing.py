"""Recipes as plain trees: their hash, and in what two of them differ."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

from keyin_cli.errors import shown

SEVERAL, LONGEST = 8, 80  # differences that are listed, and characters of each value


def digest(tree: Any) -> str:
    """SHA-256 of a tree of plain values, independent of key order."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """`key: old -> new` for every leaf in which two trees of plain values differ."""
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        old, new = ({str(place): value for place, value in enumerate(each)} for each in (old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))]
    same = old == new or (isinstance(old, float) and isinstance(new, float) and math.isclose(old, new, rel_tol=1e-12))
    return [] if same else [f"{_short(path)}: {_short(old)} -> {_short(new)}"]


def listed(changes: Sequence[str]) -> str:
    """Differences in a line that can be read, whatever a manifest says."""
    more = f" and {len(changes) - SEVERAL} more" if len(changes) > SEVERAL else ""
    return ", ".join(changes[:SEVERAL]) + more


def _short(value: Any) -> str:
    text = shown(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
