"""`keyin export`: the real command, what it prints, what it refuses, and what it leaves alone."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from PIL import Image
from processes import Keyin, complaint, printed

KEYFRAMES = {
    "source": "videos",
    "dataset": "e.zarr",
    "fps": 10.0,
    "method": "search",
    "episodes": [
        {"episode": 3, "name": "=cup", "frames": 12, "keyframes": [3, 9], "times": [0.3, 0.9], "probability": [0.5, 1.0]},
        {"episode": 5, "name": "<b>", "frames": 12, "keyframes": []},
    ],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory with keyframes of two episodes and their dataset, every third frame of the source."""
    (tmp_path / "keyframes.json").write_text(json.dumps(KEYFRAMES))
    group = zarr.create_group(tmp_path / "e.zarr")
    group.create_array("data/frames", data=np.arange(8, dtype=np.uint8)[:, None, None, None] * np.ones((8, 4, 4, 3), np.uint8))
    group.create_array("data/source_frame", data=np.array([0, 3, 6, 9] * 2))
    group.create_array("meta/episode_ends", data=np.array([4, 8]))
    group.attrs.put({"fps": 10, "episodes": [{"name": "=cup", "source": 3}, {"name": "<b>", "source": 5}]})
    return tmp_path


def left(folder: Path) -> dict[str, bytes]:
    """Every file in a directory but the dataset's and locks."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".lock" and "e.zarr" not in file.parts]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_every_format(keyin: Keyin, path: Path) -> None:
    to = [word for name in ("csv", "vtt", "images", "label-studio") for word in ("--to", name)]
    assert printed(keyin("export", "keyframes.json", *to, "--out", "out", "--json", cwd=path)) == {
        "path": "out",
        "formats": {"csv": "out/csv", "vtt": "out/vtt", "images": "out/images", "label-studio": "out/label-studio"},
        "episodes": 2,
        "keyframes": 2,
    }
    assert sorted(left(path / "out")) == [
        "csv/keyframes.csv",
        "images/000003/000003.png",
        "images/000003/000009.png",
        "label-studio/config.xml",
        "label-studio/tasks.json",
        "manifest.json",
        "vtt/000003.vtt",
        "vtt/000005.vtt",
    ]
    with open(path / "out/csv/keyframes.csv", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["'=cup", "'=cup"]
    assert (path / "out/vtt/000005.vtt").read_text().startswith("WEBVTT Episode 5 &lt;b&gt;\n")
    assert np.asarray(Image.open(path / "out/images/000003/000009.png"))[0, 0].tolist() == [3, 3, 3]
    told = keyin("info", "out", cwd=path).stdout
    assert "kind        export" in told
    assert "finished" in told


def test_the_default_is_tables_and_chapters_beside_the_file(here: Keyin, path: Path) -> None:
    done = here("export", path / "keyframes.json", cwd=path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "keyframes-export: 2 keyframes of 2 episodes" in done.stdout
    assert sorted(left(path / "keyframes-export")) == ["csv/keyframes.csv", "manifest.json", "vtt/000003.vtt", "vtt/000005.vtt"]


def test_an_export_is_replaced_only_when_asked(here: Keyin, path: Path) -> None:
    assert here("export", "keyframes.json", cwd=path).returncode == 0
    before = left(path)
    line = "keyframes-export was exported before: give another --out, or --overwrite to replace it"
    complaint(here("export", "keyframes.json", "--to", "csv", cwd=path), line)
    assert left(path) == before
    printed(here("export", "keyframes.json", "--to", "csv", "--overwrite", "--json", cwd=path))
    assert sorted(left(path / "keyframes-export")) == ["csv/keyframes.csv", "manifest.json"]


def test_what_is_something_else_is_left_alone(here: Keyin, path: Path) -> None:
    (path / "mine").mkdir()
    (path / "mine" / "notes.txt").write_text("mine")
    (path / "run").mkdir()
    (path / "run" / "manifest.json").write_text(
        json.dumps({"kind": "run", "recipe": {}, "inputs": {}, "command": "x", "created": "x"})
    )
    (path / "file").write_text("mine")
    before = left(path)
    for out, part in {
        "mine": "mine was not made by keyin export, it is left alone: give another --out",
        "run": "run holds a run, it is left alone: give another --out",
        "file": "file is a file: give another --out",
        "file/below": "file/below cannot be locked",
        ".": "--out .: give a folder of its own",
        "e.zarr": "e.zarr was not made by keyin export",
    }.items():
        complaint(here("export", "keyframes.json", "--out", out, "--overwrite", cwd=path), part)
    assert left(path) == before


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "x.json is damaged"),
        ('{"episodes": [', "x.json is damaged"),
        ("\ud800", "x.json is damaged"),
        ("[]", "x.json holds no keyframes: it: Input should be"),
        ("[" * 100_000, "x.json is damaged"),
        ('{"episodes": ' + "9" * 5000 + "}", "x.json is damaged"),
        ('{"episodes": [{"episode": "../3", "keyframes": []}]}', "episodes.0.episode: Input should be a valid integer"),
        ('{"episodes": [{"episode": 3, "keyframes": [1, 2], "times": [2, 1]}]}', "the times of episode 3 are not in order"),
    ],
)
def test_what_holds_no_keyframes(text: str, part: str, here: Keyin, path: Path) -> None:
    (path / "x.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    before = left(path)
    complaint(here("export", "x.json", cwd=path), part)
    assert left(path) == before
    assert not (path / "x-export").exists()


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (("none.json",), "no keyframes at none.json: give a file that `keyin find` wrote"),
        ((".",), "no keyframes at .: give a file that `keyin find` wrote"),
        (("x" * 300,), "no keyframes at xxx"),
        (("keyframes.json", "--to", "cvs"), "no format cvs: did you mean csv? there are csv, vtt, images, label-studio"),
        (("keyframes.json", "--to", "../csv"), "no format ../csv"),
        (("keyframes.json", "--data", "e.zarr"), "--data is for what shows frames: give --to images too, or leave it out"),
        (("keyframes.json", "--to", "images", "--data", "none.zarr"), "no dataset at none.zarr"),
        (("keyframes.json", "--to", "images", "--data", "keyframes.json"), "keyframes.json is no dataset of episodes"),
    ],
)
def test_a_wrong_option(args: tuple[str, ...], part: str, here: Keyin, path: Path) -> None:
    before = set(path.iterdir())
    complaint(here("export", *args, cwd=path), part)
    assert set(path.iterdir()) == before  # not even a lock


def test_the_dataset_of_images(here: Keyin, path: Path) -> None:
    (path / "e.zarr").rename(path / "moved.zarr")
    line = (
        "keyframes.json names the dataset e.zarr, which is not there: give the one that the keyframes were found in with --data"
    )
    images = ("export", "keyframes.json", "--to", "images")
    complaint(here(*images, cwd=path), line)
    printed(here(*images, "--data", "moved.zarr", "--json", cwd=path))
    (path / "keyframes.json").write_text('{"episodes": []}')
    complaint(here(*images, "--out", "other", cwd=path), "keyframes.json names no dataset: give the one")


def test_frames_that_cannot_be_decoded_leave_nothing(here: Keyin, path: Path) -> None:
    for chunk in (path / "e.zarr/data/frames/c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"damaged")
    complaint(
        here("export", "keyframes.json", "--to", "csv", "--to", "images", cwd=path),
        "e.zarr: data/frames",
        "cannot be read",
        "copy or download it again",
    )
    assert not [file for file in path.iterdir() if "export" in file.name and file.suffix != ".lock"]
