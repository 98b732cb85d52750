"""What a run of cases comes to: a row for each kind of attack."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzz import families

Result = dict[str, Any]  # a line of results-*.jsonl
HEAD = "| tried | number | wrong | longest case |\n|---|---|---|---|"


def rows(results: Sequence[Result]) -> list[Result]:
    """One for each row that the families name: how many cases, in how many something was wrong, seconds of the longest."""
    grouped: dict[str, list[Result]] = {}
    for each in results:
        grouped.setdefault(families.family(each["family"]).ROW, []).append(each)
    return [
        {
            "tried": row,
            "number": len(cases),
            "wrong": sum(bool(each["problems"]) for each in cases),
            "longest": max(each["seconds"] for each in cases),
        }
        for row, cases in grouped.items()
    ]


def markdown(rows: Sequence[Result]) -> str:
    lines = (f"| {each['tried']} | {each['number']:,} | {each['wrong']} | {each['longest']:.0f} s |" for each in rows)
    return "\n".join((HEAD, *lines))


def write(file: Path, rows: Sequence[Result]) -> None:
    """Write the rows, and what they were made by, as JSON."""
    from keyin_cli.storage.manifests import provenance

    made = {key: each for key, each in provenance().items() if key != "command"}
    made |= {"command": " ".join(["python -m fuzz", *sys.argv[1:]]), "processor": platform.processor() or platform.machine()}
    file.write_text(json.dumps({"rows": rows, **made, "processors": os.cpu_count()}, indent=2) + "\n")
