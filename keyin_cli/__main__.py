"""`python -m keyin_cli` is the same program as `keyin`."""

from keyin_cli.cli import app

app()
