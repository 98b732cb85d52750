"""Labels of people in a dataset: its frames are not read again, and it is the old one or the new one."""

import json
import os
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from keyin_cli import storage
from keyin_cli.datasets.episodes import importing, labels
from keyin_cli.datasets.episodes.importing import Settings, import_source
from keyin_cli.datasets.episodes.labels import Labels, marked
from keyin_cli.datasets.episodes.layout import Episodes, open_episodes
from keyin_cli.datasets.sources.frames import Shape
from keyin_cli.datasets.sources.npz import SOURCE
from keyin_cli.errors import InputError

LENGTHS = (70, 5, 130)
SETTINGS = Settings(Shape(8, 8))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three episodes at 20 frames a second, with labels at every tenth frame of all together."""
    frames = np.broadcast_to(np.arange(sum(LENGTHS), dtype=np.uint8)[:, None, None, None], (sum(LENGTHS), 8, 8, 3))
    arrays = {"frames": frames, "keyframes": np.arange(sum(LENGTHS)) % 10 == 0, "fps": np.array(20.0)}
    np.savez(tmp_path / "x.npz", episode_ends=np.cumsum(LENGTHS), **arrays)
    return tmp_path / "x.npz"


def given_labels(keyframes: dict[int, list[int]], sha256: str = "a", events: dict[int, dict[int, str]] | None = None) -> Labels:
    return Labels(Path("people.json"), sha256, keyframes, events or {})


def marks(made: Episodes) -> list[list[int]]:
    """Numbers of the source's frames that are labelled."""
    return [made.episode(i, "data/source_frame")[made.episode(i, "data/keyframes")].tolist() for i in range(made.n)]


def files(path: Path) -> dict[str, tuple[int, bytes]]:
    return {str(file.relative_to(path)): (file.stat().st_ino, file.read_bytes()) for file in path.rglob("*") if file.is_file()}


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 30), min_size=1))
def test_a_label_goes_to_the_next_frame_that_is_kept(labelled: set[int], kept: set[int]) -> None:
    numbers, at = (np.array(sorted(each), dtype=np.int64) for each in (kept, labelled))
    expected = {min(n for n in kept if n >= label) for label in labelled if label <= max(kept)}
    assert set(numbers[marked(numbers, at)].tolist()) == expected


def test_labels_replace_those_of_the_source(source: Path, tmp_path: Path) -> None:
    given = given_labels({0: [3, 69], 2: []})
    made = import_source(source, SETTINGS, tmp_path / "e.zarr", labels=given)
    assert marks(made) == [[3, 69], [], []]
    assert made.attributes["labels"] == {"path": "people.json", "sha256": "a"}
    assert list(made.verify()) == [True] * 3
    assert made.sha256 != import_source(source, SETTINGS, tmp_path / "other.zarr").sha256


def test_a_dataset_that_is_there_gets_them_without_its_frames(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "e.zarr"
    import_source(source, SETTINGS, out)
    before = files(out)
    monkeypatch.setattr(importing, "_write", None)  # what imports
    made = import_source(source, SETTINGS, out, labels=given_labels({1: [0, 2]}))
    assert marks(made) == [[], [0, 2], []]
    assert "people.json: 2 keyframes of 1 episodes, the other 2 have no keyframes" in capfd.readouterr().err
    assert list(made.verify()) == [True] * 3
    after = files(out)
    same = {name for name in before if name.startswith(("data/frames/c", "data/seconds/c", "meta/episode_ends/c"))}
    assert same
    assert all(before[name] == after[name] for name in same)  # the same files
    assert {oct(file.stat().st_nlink) for file in out.rglob("*") if file.is_file()} == {"0o1"}
    assert not [name for name in os.listdir(tmp_path) if name.endswith((".partial", ".old", "importing"))]
    again = import_source(source, SETTINGS, out, labels=given_labels({1: [0, 2]}))
    assert "has the labels of people.json already" in capfd.readouterr().err
    assert files(again.path) == after
    assert marks(import_source(source, SETTINGS, out, labels=given_labels({0: [1]}, "b"))) == [[1], [], []]
    assert marks(import_source(source, SETTINGS, out)) == [[1], [], []]  # they stay until others are given
    with pytest.raises(InputError, match=r"imported differently \(settings.shape.fps"):
        import_source(source, Settings(Shape(8, 8, fps=5)), out, labels=given_labels({0: [1]}))


def test_behind_a_link(source: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    import_source(source, SETTINGS, tmp_path / "disk/e.zarr")
    (tmp_path / "e.zarr").symlink_to("disk/e.zarr")
    import_source(source, SETTINGS, tmp_path / "e.zarr", labels=given_labels({1: [2]}))
    assert (tmp_path / "e.zarr").is_symlink()
    assert marks(open_episodes(tmp_path / "disk/e.zarr")) == [[], [2], []]


def test_thinned(source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    given = given_labels({0: [5, 6], 1: [4], 2: [127, 128, 129]})
    made = import_source(source, Settings(Shape(8, 8, fps=5)), tmp_path / "e.zarr", labels=given)
    assert made.episode(2, "data/source_frame").tolist() == list(range(0, 130, 4))
    assert marks(made) == [[8], [4], [128]]
    assert "1 keyframes behind the last frame that is kept of their episodes are left out" in capfd.readouterr().err


def test_events_have_the_frames_of_their_labels(source: Path, tmp_path: Path) -> None:
    keyframes = {0: [5, 6, 9], 2: [0, 127, 129]}
    events = {0: {5: "grasp", 6: "lift"}, 2: {0: "begin", 127: "let go", 129: "rest"}}
    thinned = Settings(Shape(8, 8, fps=5))  # every fourth frame
    made = import_source(source, thinned, tmp_path / "e.zarr", labels=given_labels(keyframes, events=events))
    found = [[(event["frame"], event["name"]) for event in record["events"]] for record in made.records]
    assert found == [[(2, "grasp, lift")], [], [(0, "begin"), (32, "let go")]]
    marked_at = [np.flatnonzero(made.episode(i, "data/keyframes")).tolist() for i in range(made.n)]
    assert marked_at == [[2, 3], [], [0, 32]]  # one more of which nobody says what happens
    assert list(made.verify()) == [True] * 3
    again = import_source(source, thinned, tmp_path / "e.zarr", labels=given_labels(keyframes, "b"))
    assert not any("events" in record for record in again.records)


class KilledError(BaseException):
    """Stands for a kill."""


@pytest.mark.parametrize("step", ["take over", "attributes", "fsync", "rename"])
def test_a_kill_leaves_the_old_labels(step: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: object) -> NoReturn:
        raise KilledError

    out = tmp_path / "e.zarr"
    before = marks(import_source(source, SETTINGS, out))
    with monkeypatch.context() as patch:
        match step:
            case "take over":
                patch.setattr(labels.shutil, "copyfile", kill)
            case "attributes":
                patch.setattr(zarr.core.attributes.Attributes, "put", kill)
            case "fsync":
                patch.setattr(storage.files, "fsync", kill)
            case "rename":
                patch.setattr(storage.files.os, "replace", kill)
        with pytest.raises(KilledError):
            import_source(source, SETTINGS, out, labels=given_labels({1: [2]}))
    there = open_episodes(out)
    assert marks(there) == before
    assert list(there.verify()) == [True] * 3
    assert marks(import_source(source, SETTINGS, out, labels=given_labels({1: [2]}))) == [[], [2], []]


@pytest.mark.parametrize(
    ("keyframes", "line"),
    [
        ({0: [1], 3: [1]}, r"people.json has keyframes of episode 3, .*x.npz has the episodes 0 to 2: correct the file"),
        ({}, r"people.json has none of the episodes that are imported: give the labels of .*x.npz"),
        ({1: [5]}, r"people.json has keyframe 5 of episode 1, whose last frame in .*e.zarr is 4: correct the file, and run this"),
    ],
)
def test_what_is_not_there(keyframes: dict[int, list[int]], line: str, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "e.zarr"
    import_source(source, SETTINGS, out)
    before = files(out)
    with pytest.raises(InputError, match=line):
        import_source(source, SETTINGS, out, labels=given_labels(keyframes))
    assert files(out) == before


def test_only_some_episodes(source: Path, tmp_path: Path) -> None:
    some = Settings(Shape(8, 8), episodes=(1, 3))
    made = import_source(source, some, tmp_path / "e.zarr", labels=given_labels({0: [1], 2: [7]}))  # the first is passed over
    assert marks(made) == [[], [7]]
    with pytest.raises(InputError, match="none of the episodes that are imported"):
        import_source(source, some, tmp_path / "e.zarr", labels=given_labels({0: [1]}, "b"))


def test_a_source_without_labels_gets_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", frames=np.zeros((20, 8, 8, 3), np.uint8))
    made = import_source(tmp_path / "x.npz", SETTINGS, tmp_path / "e.zarr")
    assert not made.labelled
    made = import_source(tmp_path / "x.npz", SETTINGS, tmp_path / "e.zarr", labels=given_labels({0: [4]}))
    assert marks(made) == [[4]]
    assert "data/keyframes" in json.loads((made.path / "zarr.json").read_text())["attributes"]["episodes"][0]["sha256"]
    assert SOURCE.name == made.attributes["format"]
