"""The committed results that published tables are made of."""

from functools import cache
from pathlib import Path
from typing import Any

from keyin_cli import storage

PLANNING = Path(__file__).parents[1] / "artifacts/released/planning"


@cache
def episodes(servo: str, method: str) -> list[dict[str, Any]]:
    """The lines of `episodes.jsonl` of one method of Table 2. Read only."""
    return storage.read_lines(PLANNING / servo / method / "episodes.jsonl")
