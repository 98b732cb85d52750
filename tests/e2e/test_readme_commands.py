"""Every `keyin` command and all Python on README.md and docs/*.md works, page by page, in order, on the tiny recipes."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from pages import ROOT, blocks, commands, smaller
from processes import Keyin

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.remove(ROOT / "docs" / "extending.md")  # whose commands need its files: test_extending.py


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page(page: Path, keyin: Keyin, tmp_path: Path) -> None:
    if page.stem in ("benchmark", "gridworld"):
        pytest.importorskip("minigrid")
    if page.stem in ("own-data", "README"):
        demonstrations(tmp_path / "demonstrations")
    for command in commands(page):
        words = ["pushing" if word == "artifacts/runs/mine" else word for word in smaller(command)]  # weights of that image
        done = keyin(*words, cwd=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout, command


def demonstrations(folder: Path) -> None:
    """Two videos of a square that moves."""
    folder.mkdir()
    for name, length in (("one.mp4", 70), ("two.mp4", 100)):
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream("libx264", rate=20)
            stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
            for time in range(length):
                image = np.full((96, 128, 3), 200, np.uint8)
                image[20:40, time : time + 20] = 0
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_the_python_of_a_page(page: Path, keyin: Keyin, tmp_path: Path) -> None:
    program = "\n".join(blocks(page, "python"))
    if "artifacts/data/demo.zarr" in program:  # which `make demo` makes
        made = keyin("gen-data", "brownian", "--n", "100", "--out", "artifacts/data/demo.zarr", cwd=tmp_path)
        assert made.returncode == 0, made.stderr
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_there_are_commands_and_python() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 10
    assert blocks(ROOT / "README.md", "python")
