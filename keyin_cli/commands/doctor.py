"""`keyin doctor`: what works on this machine, and what to install for what does not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from typing import Any

from keyin_cli import machine
from keyin_cli.commands.common import Json, emit
from keyin_cli.machine import sized


def run(as_json: Json = False) -> None:
    """Check Python, torch, device, GL back ends (a frame is rendered on each), disk and memory."""
    rows = [_python(), *_torch(), *_gl(), _disk(), _memory()]
    lines = [
        f"{'ok  ' if row['ok'] else 'no  '} {row['name']:<8} {row['found']}" + (f"; {row['advice']}" if row["advice"] else "")
        for row in rows
    ]
    emit({"checks": rows}, as_json, lines)


def _row(name: str, ok: bool, found: str, advice: str = "") -> dict[str, Any]:
    return {"name": name, "ok": ok, "found": found, "advice": "" if ok else advice}


def _python() -> dict[str, Any]:
    return _row("python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer")


def _torch() -> list[dict[str, Any]]:
    try:
        import torch
    except ImportError as error:
        return [_row("torch", False, str(error), "pip install -c constraints.txt torch")]
    gpu = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if gpu else f"cpu, {torch.get_num_threads()} threads"
    return [_row("torch", True, torch.__version__), _row("device", True, device)]


def _gl() -> list[dict[str, Any]]:
    """One back end after another: contexts that start together have been seen to hang."""
    from keyin_cli.datasets.pushing import gl

    rows = []
    for backend, advice in gl.BACKENDS.items():
        chosen = " (MUJOCO_GL)" if os.environ.get("MUJOCO_GL") == backend else ""
        failure = gl.failing(backend)
        rows.append(_row(backend + chosen, failure is None, failure or "renders a frame", advice))
    return rows


def _disk() -> dict[str, Any]:
    free = shutil.disk_usage(".").free
    return _row("disk", free > 2e9, f"{sized(free)} free here", "2 GB are needed for datasets and runs")


def _memory() -> dict[str, Any]:
    total = machine.total_memory()
    return _row("memory", total > 4e9, sized(total), "training recipes/brownian.yaml takes up to 4 GB")
