"""An output path at which something else lies: one clear line, and what lies there stays as it is."""

from pathlib import Path

import pytest
from processes import RUN, Keyin, complaint

EVALUATE = ("eval-f1", "--ckpt", RUN, "--selector", "keyin")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ((*EVALUATE, "--out", f"{RUN}/keyin"), f"{RUN}/keyin holds a run, it is left alone: give another --out"),
        ((*EVALUATE, "--out", "a-file"), "a-file is a file: give another --out"),
        ((*EVALUATE, "--out", "a-file/below"), "a-file/below cannot be locked"),
        (("table", "tiny/brownian", "--out", RUN), "holds a run, it is left alone: give another --out"),
        (("table", "tiny/brownian", "--out", "a-file"), "a-file is a file: give another --out"),
        (("plan", "--method", "none", "--pictures", "0", "--out", "a-file"), "a-file is a file: give another --out"),
        (("recipes", "copy", "brownian", "a-file/mine.yaml"), "a-file cannot be made for mine.yaml"),
        (("recipes", "copy", "brownian", "artifacts", "--overwrite"), "artifacts is a directory: give the name of a file"),
    ],
)
def test_what_is_something_else_is_left_alone(args: tuple[str, ...], line: str, here: Keyin, tiny: Path) -> None:
    (tiny / "a-file").touch()
    files = [tiny / RUN / "keyin" / name for name in ("manifest.json", "weights.safetensors")]
    before = [file.read_bytes() for file in files]
    complaint(here(*args, cwd=tiny), line)
    assert [file.read_bytes() for file in files] == before
    assert (tiny / "a-file").read_bytes() == b""
