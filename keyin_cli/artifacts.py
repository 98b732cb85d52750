"""Where things lie on disk, how they are written, and what is recorded with them. The only place that knows.

artifacts/data/<name>.zarr                     datasets
artifacts/runs/<recipe>/interpolator/          stage 1: manifest.json, metrics.jsonl, checkpoints/, weights.safetensors
artifacts/runs/<recipe>/keyin/                 stage 2: the same; its weights hold stage 1 too
artifacts/runs/<recipe>/<stage>/eval_f1/       Table 1 rows, per-sequence results and figures of each dataset and split
artifacts/released/<name>/                     small weights, results and figures that are committed
artifacts/cache/                               decoded splits that do not fit into memory; may be deleted while nothing runs
"""

from __future__ import annotations

import errno
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from keyin_cli import __version__
from keyin_cli.errors import InputError, RunError

WEIGHTS = "weights.safetensors"
MANIFEST = "manifest.json"
METRICS = "metrics.jsonl"
CHECKPOINTS = "checkpoints"
LATEST = "latest"
# In the order in which `find_weights` looks.
STAGES = ("keyin", "interpolator", "surprise", "jumpy", "static", "soft-embeddings", "soft-pixels", "tap")
PACKAGES = ("torch", "numpy", "zarr", "safetensors", "pydantic", "joblib", "mujoco")

Writer = Callable[[Path], None]


def runs(recipe_name: str) -> Path:
    """The directory of all runs of a recipe."""
    return Path("artifacts") / "runs" / recipe_name


def cache() -> Path:
    """The directory of what can be made again at any time."""
    return Path("artifacts") / "cache"


def find_weights(path: Path) -> Path:
    """The weights file that `--ckpt` means: a file, a stage's directory, a recipe's run directory or a released one.

    Raises:
        InputError: there is none; the line says how to make one.
    """
    if path.is_file():
        return path
    for candidate in (path / WEIGHTS, *(path / stage / WEIGHTS for stage in STAGES)):
        if candidate.is_file():
            return candidate
    if any((path / stage / CHECKPOINTS).is_dir() for stage in ("", *STAGES)):
        raise InputError(f"{path} holds an unfinished run: continue it with the command in its {MANIFEST}")
    raise InputError(f"no weights at {path}: train some with `keyin train recipes/brownian.yaml`")


def stage_weights(path: Path) -> list[Path]:
    """The weights files that `--ckpt` means: those of all stages in a run directory, else the one of `find_weights`."""
    return [path / stage / WEIGHTS for stage in STAGES if (path / stage / WEIGHTS).is_file()] or [find_weights(path)]


def evaluations(weights: Path, recipe_name: str) -> Path:
    """Where evaluations of a weights file go: beside it in a run; committed and foreign weights are left alone."""
    stage = weights.parent if weights.parent.name in STAGES else runs(recipe_name)
    return stage / "eval_f1"


# ---------------------------------------------------------------- writing


@contextmanager
def disk_errors(what: Path) -> Iterator[None]:
    """Turn a full disk into one line; whatever was finished before stays."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        message = f"the disk is full while writing {what}; nothing finished is lost: free space and run the same command again"
        raise RunError(message) from error


def write(path: Path, data: bytes | str) -> None:
    """Write a file so that it is either whole or not there: beside, fsynced, renamed."""
    replace(path, lambda beside: _write_bytes(beside, data.encode() if isinstance(data, str) else data))


def replace(path: Path, writer: Writer) -> None:
    """Let `writer` make a file or directory beside `path`, fsync it, then rename it into place."""
    beside = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with disk_errors(path):
        remove(beside)
        writer(beside)
        for file in [beside, *beside.rglob("*")] if beside.is_dir() else [beside]:
            _fsync(file)
        if path.is_dir():
            remove(path)
        os.replace(beside, path)
        _fsync(path.parent)


def remove(path: Path) -> None:
    """Delete a file or directory if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, tree: Any) -> None:
    write(path, json.dumps(tree, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path} is missing: is {path.parent} a finished run? `keyin info {path.parent}`") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise InputError(f"{path} is damaged: run the command that made it again with --overwrite") from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """A run's manifest.

    Raises:
        InputError: it is missing, damaged or something else.
    """
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or not {"kind", "recipe", "inputs", "command"} <= manifest.keys():
        raise InputError(f"{folder / MANIFEST} is no manifest of ours: run the command that made it again with --overwrite")
    return manifest


def read_lines(path: Path) -> list[Any]:
    """Read JSON lines; a last line cut short by a kill is left out."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def write_lines(path: Path, rows: list[Any]) -> None:
    write(path, "".join(json.dumps(row) + "\n" for row in rows))


def append_line(path: Path, row: Any) -> None:
    with disk_errors(path), path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def from_here(path: Path) -> str:
    """A path as a manifest names it: from the working directory on when it lies below it, so that it is the same elsewhere."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def size(path: Path) -> int:
    """Bytes of a file or of everything below a directory."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---------------------------------------------------------------- provenance


def provenance() -> dict[str, Any]:
    """What made an artifact: command line, code, packages, machine, time."""
    return {
        "command": " ".join(["keyin", *sys.argv[1:]]),
        "created": now(),
        "git": _git(),
        "versions": {"keyin": __version__, "python": platform.python_version(), **_versions()},
        "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def peak_memory() -> int:
    """Largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def total_memory() -> int:
    """The machine's memory, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def free_memory() -> int:
    """Memory that a process could still take, in bytes: what is free or holds no more than copies of files."""
    info = Path("/proc/meminfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    known = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return known[0] if known else total_memory()


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
    root = Path(__file__).parent.parent
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
