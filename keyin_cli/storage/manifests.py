"""What made an artifact: the manifest in every run."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from keyin_cli import __version__
from keyin_cli.errors import InputError, shown
from keyin_cli.machine import cores
from keyin_cli.storage.paths import MANIFEST
from keyin_cli.storage.reading import read_json

PACKAGES = ("torch", "numpy", "zarr", "safetensors", "pydantic", "joblib", "mujoco")


Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Input(BaseModel):
    """What something was made from."""

    model_config = ConfigDict(strict=True)
    path: str
    sha256: str


class Manifest(BaseModel):
    """What every manifest of ours has, and what those of some kinds have. Other keys are free."""

    model_config = ConfigDict(strict=True)
    kind: str
    recipe: dict[str, Any]
    inputs: dict[str, Input]
    command: str
    created: str
    git: dict[str, Any] | None = None
    stage: str = ""
    part: dict[str, Any] = {}
    steps: Count = 0
    parameters: Count = 0
    seconds: Seconds = 0.0
    preparation_seconds: Seconds = 0.0
    peak_memory_bytes: Count = 0
    finished: str = ""
    weights_sha256: str = ""
    halved_from: str = ""
    metrics: dict[str, float] = {}

    @model_validator(mode="after")
    def _whole(self) -> Manifest:
        """What is written with the hash of the weights is there with it."""
        if "weights_sha256" in self.model_fields_set and not {"steps", "seconds", "metrics"} <= self.model_fields_set:
            raise ValueError("steps, seconds or metrics of finished weights are missing")
        return self


def read_manifest(folder: Path) -> dict[str, Any]:
    """A run's manifest.

    Raises:
        InputError: it is missing, damaged or something else.
    """
    manifest: dict[str, Any] = read_json(folder / MANIFEST)
    try:
        Manifest.model_validate(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        where = shown(".".join(map(str, first["loc"])) or "it")[:60]
        what = f"{where}: {first['msg'].removeprefix('Value error, ')}"
        raise InputError(
            f"{shown(folder / MANIFEST)} is no manifest of ours ({what}): run the command that made it again with --overwrite"
        ) from None
    return manifest


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
