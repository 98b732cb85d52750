"""A sample of every family's cases: nothing may be wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import families

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", [each for each in families.names() if families.family(each).SAMPLE])
def test_a_sample(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fuzz", "--family", name, "--sample", "--workers", "1", "--out", tmp_path]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
