"""What made an artifact: the manifest in every run."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from keyin_cli import __version__
from keyin_cli.errors import InputError
from keyin_cli.machine import cores
from keyin_cli.storage.files import read_json
from keyin_cli.storage.paths import MANIFEST

PACKAGES = ("torch", "numpy", "zarr", "safetensors", "pydantic", "joblib", "mujoco")


def read_manifest(folder: Path) -> dict[str, Any]:
    """A run's manifest.

    Raises:
        InputError: it is missing, damaged or something else.
    """
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or not {"kind", "recipe", "inputs", "command"} <= manifest.keys():
        raise InputError(f"{folder / MANIFEST} is no manifest of ours: run the command that made it again with --overwrite")
    return manifest


def check_free(folder: Path, kind: str) -> None:
    """Refuse to write what is of a kind into a directory that holds something else.

    Raises:
        InputError: it does, or it is no directory.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: give another --out")
    if (folder / MANIFEST).is_file() and (there := read_manifest(folder)["kind"]) != kind:
        raise InputError(f"{folder} holds a {there}, it is left alone: give another --out")


def provenance() -> dict[str, Any]:
    """What made an artifact: command line, code, packages, machine, time."""
    return {
        "command": " ".join(["keyin", *sys.argv[1:]]),
        "created": now(),
        "git": _git(),
        "versions": {"keyin": __version__, "python": platform.python_version(), **_versions()},
        "machine": {"platform": platform.platform(), "cores": cores()},
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def _git() -> dict[str, Any] | None:
    """Commit and dirtiness of the checkout that the package runs from; None outside one."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        commit = subprocess.run(
            ["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        code = ["status", "--porcelain", "--", ".", ":(exclude)artifacts"]  # results that are being written make no code dirty
        status = subprocess.run(["git", "-C", root, *code], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"commit": commit, "dirty": bool(status.strip())}
