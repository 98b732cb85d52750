"""An output path at which something else lies: one clear line, and what lies there stays as it is."""

import json
import os
from pathlib import Path

import pytest
from processes import RUN, Keyin, complaint

DATA = "artifacts/data/tiny-brownian.zarr"
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


NO_FILE = "no file, it is left alone: give another name"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("recipes", "copy", "brownian", "pipe", "--overwrite"), f"pipe is {NO_FILE}"),
        (("recipes", "copy", "brownian", "loop", "--overwrite"), f"loop is {NO_FILE}"),
        (("recipes", "copy", "brownian", "nowhere"), f"nowhere is {NO_FILE}"),
        (("recipes", "copy", "brownian", "n" * 256), "ile name too long"),
        (("recipes", "copy", "brownian", ""), ". is a directory"),
        (("gen-data", "brownian", "--n", "8", "--out", "loop"), "loop cannot be found"),
        (("gen-data", "brownian", "--n", "8", "--out", "n" * 256), "File name too long"),
        (("gen-data", "brownian", "--n", "8", "--out", "d/" * 2100 + "x"), "expected at most 4,000 characters"),
        (("gen-data", "brownian", "--n", "8", "--out", "/proc/nothing"), "/proc/nothing cannot be"),
        ((*EVALUATE, "--out", "loop"), "loop cannot be found"),
        (("train", "tiny/brownian", "--out", "loop"), "loop/keyin cannot be found"),
        (("train", "tiny/brownian", "--out", "[/red]\x1b[2J/\0"[:-1] + "n" * 300), "[/red]\\x1b[2J/"),
    ],
)
def test_paths_at_which_nothing_can_be(args: tuple[str, ...], line: str, here: Keyin, tiny: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, target in (("loop", "loop2"), ("loop2", "loop"), ("nowhere", "none"), ("artifacts", tiny / "artifacts")):
        (tmp_path / name).symlink_to(target)
    before = {path.name: path.lstat().st_ino for path in tmp_path.iterdir()}
    complaint(here(*args, cwd=tmp_path), line)
    assert {name: (tmp_path / name).lstat().st_ino for name in before} == before
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("manifest", [None, "{}", '{"kind": "run", "stage": "other"}'])
@pytest.mark.parametrize(
    ("args", "folder"),
    [
        (("pretrain-interp", "tiny/brownian", "--out", "proj"), "proj/interpolator"),
        (("baseline", "static", "tiny/brownian", "--out", "proj"), "proj/static"),
        (("plan", "--method", "none", "--pictures", "0", "--episodes", "1", "--out", "proj"), "proj/none"),
    ],
)
@pytest.mark.parametrize("overwrite", [("--overwrite",), ()])
def test_directories_of_others_stay(
    args: tuple[str, ...], folder: str, manifest: str | None, overwrite: tuple[str, ...], here: Keyin, tmp_path: Path
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "thesis.tex").write_text("years of work")
    if manifest is not None:
        (tmp_path / folder / "manifest.json").write_text(manifest)
    complaint(here(*args, *overwrite, cwd=tmp_path), folder)
    assert (tmp_path / folder / "thesis.tex").read_text() == "years of work"
    assert manifest is None or (tmp_path / folder / "manifest.json").read_text() == manifest


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ((*EVALUATE, "--limit", "5"), "sequences.jsonl"),
        ((*EVALUATE, "--limit", "5"), "keyin-video.gif"),
        (("table", "tiny/brownian"), "comparison.png"),
        (("table", "tiny/brownian"), "keyin/weights.safetensors"),
        (("plan", "--method", "none", "--pictures", "0", "--episodes", "1"), "plan.json"),
        (("info", DATA, "--figures"), "statistics.json"),
        (("info", DATA, "--figures"), "demonstrations.png"),
    ],
)
def test_files_of_others_stay(args: tuple[str, ...], name: str, here: Keyin, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("years of work")
    complaint(here(*args, "--out", str(tmp_path), cwd=tiny), "left alone: give another --out")
    there = {file: file.read_text() for file in tmp_path.rglob("*") if file.suffix not in ("", ".lock")}
    assert there == {tmp_path / name: "years of work"}


def test_what_a_kill_left_of_an_evaluation_is_continued(here: Keyin, tiny: Path, tmp_path: Path) -> None:
    args = (*EVALUATE, "--limit", "5", "--out", str(tmp_path))
    assert here(*args, cwd=tiny).returncode == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for name in ("eval_f1.json", "sequences.jsonl", "keyin-video.gif"):
        (tmp_path / name).unlink()
    (tmp_path / "manifest.json").write_text(json.dumps({key: manifest[key] for key in manifest if key != "seconds"}))
    assert here(*args, cwd=tiny).returncode == 0
    assert (tmp_path / "eval_f1.json").is_file()


def test_nothing_is_deleted_through_a_link(here: Keyin, tiny: Path) -> None:
    (tiny / "proj").mkdir()
    (tiny / "proj/interpolator").symlink_to(tiny / RUN / "interpolator")
    weights = (tiny / RUN / "interpolator/weights.safetensors").read_bytes()
    complaint(here("pretrain-interp", "tiny/brownian", "--out", "proj", "--overwrite", cwd=tiny), "is a link, nothing is deleted")
    assert (tiny / RUN / "interpolator/weights.safetensors").read_bytes() == weights
