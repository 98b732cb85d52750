"""Evidence is replaced where it is ours, or lies beside keyframes; anything else is left alone."""

import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from keyin_cli.discovery import evidence
from keyin_cli.discovery.found import EVIDENCE, FILE
from keyin_cli.errors import InputError


def test_what_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / EVIDENCE
    evidence.check_free(path)
    save_file({"cost/0": np.zeros(3, np.float32)}, path, {"generator": evidence.GENERATOR})
    evidence.check_free(path)
    for foreign in (b"", b"damaged or of another program"):
        path.write_bytes(foreign)
        with pytest.raises(InputError, match="was not made by keyin find, it is left alone"):
            evidence.check_free(path)
    save_file({"cost/0": np.zeros(3, np.float32)}, path)
    with pytest.raises(InputError, match="left alone"):
        evidence.check_free(path)
    (tmp_path / FILE).write_text("{}")
    evidence.check_free(path)


def test_a_pipe_is_no_evidence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "evidence.safetensors")
    with pytest.raises(InputError, match="was not made by keyin find"):
        evidence.check_free(tmp_path / "evidence.safetensors")
