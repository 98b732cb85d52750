"""Keyframes by the real commands to a LeRobot dataset and back, and labels of people in every format."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from lerobot_files import write_dataset
from processes import Keyin, complaint, printed

from keyin_cli.datasets.episodes.layout import open_episodes

KEYFRAMES = {0: [1], 1: [2, 5], 2: []}
IMPORT = ("import", "cubes", "--size", "16", "--out", "cubes.zarr", "--json")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A directory with a LeRobot dataset of three episodes, and keyframes of it."""
    write_dataset(tmp_path / "cubes")
    episodes = [{"episode": each, "name": f"episode {each}", "keyframes": at} for each, at in KEYFRAMES.items()]
    (tmp_path / "keyframes.json").write_text(json.dumps({"source": "cubes", "episodes": episodes}))
    return tmp_path


def labels(path: Path) -> dict[int, list[int]]:
    made = open_episodes(path)
    each = [made.episode(i, "data/source_frame")[made.episode(i, "data/keyframes")].tolist() for i in range(made.n)]
    return {made.source(i): at for i, at in enumerate(each)}


def test_exported_and_imported_again(keyin: Keyin, here: Keyin, path: Path) -> None:
    result = printed(keyin("export", "keyframes.json", "--to", "lerobot", "--out", "out", "--json", cwd=path))
    assert result["formats"] == {"lerobot": "out/lerobot"}
    assert printed(keyin("import", "out/lerobot", "--out", "again.zarr", "--json", cwd=path))["labels"]
    assert labels(path / "again.zarr") == KEYFRAMES
    assert json.loads((path / "out/manifest.json").read_text())["recipe"] == {"to": ["lerobot"], "source": "cubes"}
    (path / "cubes").rename(path / "moved")
    again = ("export", "keyframes.json", "--to", "lerobot", "--out", "other")
    line = "keyframes.json names the source cubes, which is not there: give the dataset that was imported with --source"
    complaint(here(*again, cwd=path), line)
    assert printed(here(*again, "--source", "moved", "--json", cwd=path))["keyframes"] == 3


def edited_json(path: Path) -> str:
    (path / "mine.json").write_text('{"episodes": [{"episode": 0, "keyframes": [3]}, {"episode": 2, "keyframes": [1, 2]}]}')
    return "mine.json"


def edited_csv(path: Path) -> str:
    file = path / "out/csv/keyframes.csv"
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    rows = [{**rows[0], "keyframe": "3"}, *({**rows[0], "episode": "2", "keyframe": at} for at in ("2", "1"))]
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return "out/csv/keyframes.csv"


def edited_in_label_studio(path: Path) -> str:
    tasks = json.loads((path / "out/label-studio/tasks.json").read_text())
    for task, at in zip(tasks, ([3], [], [1, 2]), strict=True):
        result: list[dict[str, Any]] = [
            {"from_name": "keyframes", "value": {"ranges": [{"start": frame + 1, "end": frame + 1}]}} for frame in at
        ]
        task |= {"annotations": [{"result": result, "was_cancelled": False}], "predictions": []}
    (path / "project-1.json").write_text(json.dumps(tasks))
    return "project-1.json"


@pytest.mark.parametrize("edited", [edited_json, edited_csv, edited_in_label_studio])
def test_what_people_edited_comes_back(edited: Any, here: Keyin, path: Path) -> None:
    assert not printed(here(*IMPORT, cwd=path))["labels"]
    printed(here("export", "keyframes.json", "--to", "csv", "--to", "label-studio", "--out", "out", "--json", cwd=path))
    assert printed(here(*IMPORT, "--labels", edited(path), cwd=path))["labels"]
    assert labels(path / "cubes.zarr") == {0: [3], 1: [], 2: [1, 2]}


def test_labels_at_once(here: Keyin, path: Path) -> None:
    done = here("import", "cubes", "--out", "e.zarr", "--labels", "keyframes.json", cwd=path)
    assert "labels: keyframes.json" in done.stdout.splitlines()
    assert labels(path / "e.zarr") == KEYFRAMES


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"episodes": [{"episode": 7, "keyframes": [1]}]}', "x.json has keyframes of episode 7, cubes has the episodes 0 to 2"),
        (
            '{"episodes": [{"episode": 0, "keyframes": [9]}]}',
            "x.json has keyframe 9 of episode 0, whose last frame in cubes.zarr is 4",
        ),
        ('{"episodes": []}', "x.json has none of the episodes that are imported: give the labels of cubes"),
        ("[1]", "x.json is not what was expected: tasks of"),
        ("hello", "x.json holds no labels: give a file, csv (a table"),
    ],
)
def test_what_does_not_fit(text: str, line: str, here: Keyin, path: Path) -> None:
    before = printed(here(*IMPORT, cwd=path))
    (path / "x.json").write_text(text)
    complaint(here(*IMPORT, "--labels", "x.json", cwd=path), line)
    complaint(here(*IMPORT, "--labels", "none.json", cwd=path), "no labels at none.json: give a file")
    assert printed(here(*IMPORT, cwd=path)) == before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--source", "cubes"), "--source is for a copy of the source: give --to lerobot too, or leave it out"),
        (
            ("--to", "lerobot", "--source", "none"),
            "none is no LeRobot dataset, of which alone a copy is made: give one with --source",
        ),
        (("--to", "lerobot", "--out", "cubes/out"), "cubes/out is in cubes, which is left as it is: give another --out"),
        (("--to", "lerobot", "--out", "cubes"), "cubes is in cubes, which is left as it is"),
    ],
)
def test_what_is_not_copied(arguments: tuple[str, ...], line: str, here: Keyin, path: Path) -> None:
    before = set(path.rglob("*"))
    complaint(here("export", "keyframes.json", *arguments, cwd=path), line)
    assert set(path.rglob("*")) == before  # not even a lock
