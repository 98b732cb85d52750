"""Where things lie on disk, how they are written and locked, and what is recorded with them. The only place that knows."""

from keyin_cli.storage.files import (
    Writer,
    append_line,
    disk_errors,
    read_json,
    read_lines,
    remove,
    replace,
    write,
    write_json,
    write_lines,
)
from keyin_cli.storage.manifests import now, provenance, read_manifest
from keyin_cli.storage.paths import CHECKPOINTS, LATEST, MANIFEST, METRICS, WEIGHTS, cache, from_here, runs, size

__all__ = [
    "CHECKPOINTS",
    "LATEST",
    "MANIFEST",
    "METRICS",
    "WEIGHTS",
    "Writer",
    "append_line",
    "cache",
    "disk_errors",
    "from_here",
    "now",
    "provenance",
    "read_json",
    "read_lines",
    "read_manifest",
    "remove",
    "replace",
    "runs",
    "size",
    "write",
    "write_json",
    "write_lines",
]
