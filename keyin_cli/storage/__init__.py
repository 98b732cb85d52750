"""Where things lie on disk, how they are written and locked, and what is recorded with them. The only place that knows."""

from keyin_cli.storage.files import Writer, disk_errors, fsync, remove, replace, usual_mode, write, write_json
from keyin_cli.storage.lines import Row, append_line, read_lines, write_lines
from keyin_cli.storage.locks import locked, waiting
from keyin_cli.storage.manifests import now, provenance, read_manifest
from keyin_cli.storage.metrics import read_metrics
from keyin_cli.storage.ours import check_free, check_ours, remove_ours
from keyin_cli.storage.paths import CHECKPOINTS, LATEST, MANIFEST, METRICS, SHIFTS, WEIGHTS, cache, from_here, runs, size
from keyin_cli.storage.reading import parsed, read_bytes, read_json

__all__ = [
    "CHECKPOINTS",
    "LATEST",
    "MANIFEST",
    "METRICS",
    "SHIFTS",
    "WEIGHTS",
    "Row",
    "Writer",
    "append_line",
    "cache",
    "check_free",
    "check_ours",
    "disk_errors",
    "from_here",
    "fsync",
    "locked",
    "now",
    "parsed",
    "provenance",
    "read_bytes",
    "read_json",
    "read_lines",
    "read_manifest",
    "read_metrics",
    "remove",
    "remove_ours",
    "replace",
    "runs",
    "size",
    "usual_mode",
    "waiting",
    "write",
    "write_json",
    "write_lines",
]
