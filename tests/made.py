"""What commands leave, without what depends on when and how fast they ran: the same after a kill as without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# Keys of JSON that tell of time, memory and the command line.
VOLATILE = {"seconds", "waiting", "created", "finished", "peak_memory_bytes", "preparation_seconds", "command", "wall_seconds"}
VOLATILE |= {"seconds_per_episode", "environment_steps_per_second", "git", "sequences_per_second"}
LOCKS = (".lock", ".holder")  # what is left of them nobody believes


def steady(value: Any) -> Any:
    """What does not depend on when and how fast something was made."""
    if isinstance(value, dict):
        return {key: steady(each) for key, each in value.items() if key not in VOLATILE}
    return [steady(each) for each in value] if isinstance(value, list) else value


def left(path: Path) -> dict[str, Any]:
    """Everything below a directory, files by name: JSON without times, all else byte for byte."""
    files: dict[str, Any] = {}
    for file in sorted(path.rglob("*")):
        name = str(file.relative_to(path))
        if file.is_dir() or file.suffix in LOCKS:
            continue
        if file.name == "zarr.json" or (file.suffix == ".json" and ".zarr" not in name):
            files[name] = steady(json.loads(file.read_text()))
        elif file.suffix == ".jsonl":
            files[name] = [steady(json.loads(line)) for line in file.read_text().splitlines()]
        else:
            files[name] = file.read_bytes()
    return files


def unlike(ours: Path, theirs: Path) -> list[str]:
    """In what the one directory differs from the other, which no kill disturbed; a line for each file."""
    here, there = left(ours), left(theirs)
    missing = [f"missing: {name}" for name in there.keys() - here.keys()]
    extra = [f"extra: {name}" for name in here.keys() - there.keys()]
    return sorted(missing + extra) + [f"differs: {name}" for name in here if name in there and here[name] != there[name]]
