import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def ended() -> str:
    """The name of a writer whose process has ended."""
    script = "from keyin_cli.storage import writers; print(writers.name())"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
