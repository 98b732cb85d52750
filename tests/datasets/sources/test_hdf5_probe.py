"""Files of HDF5 that the library never comes to an end with, or that end the process: one line, in some seconds."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from keyin_cli.datasets.sources import hdf5, hdf5_probe
from keyin_cli.errors import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "f.hdf5", "w") as made:
        made.attrs["about"] = "text"
        made.create_dataset("a/b", data=np.ones((4, 2)), chunks=(2, 2), compression="gzip")
        made["a/again"] = made["a"]  # a group in itself
        made["soft"], made["out"] = h5py.SoftLink("/nowhere"), h5py.ExternalLink("/dev/zero", "/x")
    return tmp_path / "f.hdf5"


def test_a_whole_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "h5py.py").write_text("open('imported', 'w')")
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        hdf5_probe.check(file)
        hdf5_probe.check(Path("f.hdf5"))
    finally:
        os.chdir(here)
    assert not (tmp_path / "imported").exists()
    ended = subprocess.run([sys.executable, "-m", "keyin_cli.datasets.sources.hdf5_probe", file], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(("code", "how"), [("while True: pass", "reading it does not end"), ("os.abort()", "reading it ends")])
def test_what_hangs_or_crashes_is_told(code: str, how: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Any = subprocess.run
    harm = f"import os, signal; signal.alarm(1); {code}" if "while" not in code else f"import signal; signal.alarm(1)\n{code}"
    monkeypatch.setattr(subprocess, "run", lambda command, **how: run([sys.executable, "-c", harm], **how))
    for _ in range(2):
        with pytest.raises(InputError, match=rf"f.hdf5 is damaged, {how}.*: copy or download it again"), hdf5.opened(file):
            raise AssertionError("it was opened")


def test_the_process_that_looks_ends_by_itself(file: Path) -> None:
    """Also when nobody waits for it any more."""
    loop = "p.PATIENCE, p._things = 1, lambda file: (x for x in iter(int, 1) if x)"  # never comes to anything
    code = f"from keyin_cli.datasets.sources import hdf5_probe as p; {loop}; p.main()"
    assert subprocess.run([sys.executable, "-c", code, str(file)]).returncode == -signal.SIGALRM
