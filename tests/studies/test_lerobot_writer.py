"""studies/lerobot_writer.py: what it writes is read back, frame by frame and label by label."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from keyin_cli.datasets.sources.lerobot import SOURCE
from keyin_cli.datasets.sources.source import Wanted

pq = pytest.importorskip("pyarrow.parquet")
LENGTHS = (5, 13, 2)
CAMERA = "observation.images.front"
VECTORS = {"observation.state": ("episode", "frame"), "action": ("a",)}


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module("lerobot_writer")


def vectors(episode: int) -> dict[str, np.ndarray]:
    numbers = np.arange(LENGTHS[episode], dtype=np.float32)
    return {"observation.state": np.stack([np.full_like(numbers, episode), numbers], axis=1), "action": -numbers[:, None]}


def frames(episode: int) -> np.ndarray:
    """Grey frames (n,32,48,3), another grey for every frame."""
    greys = 20 + 70 * episode + 5 * np.arange(LENGTHS[episode])
    return np.broadcast_to(greys[:, None, None, None], (LENGTHS[episode], 32, 48, 3)).astype(np.uint8)


def write(writer: ModuleType, root: Path, subtasks: dict[int, list[int]]) -> Path:
    with writer.LeRobotWriter(root, 10, CAMERA, (32, 48), VECTORS, "play", "robot") as opened:
        for episode in range(len(LENGTHS)):
            begins = subtasks.get(episode, [0])
            opened.add(frames(episode), vectors(episode), [writer.Subtask(f"part {begin}", begin) for begin in begins])
    return root


def test_everything_is_read_back(writer: ModuleType, tmp_path: Path) -> None:
    source = SOURCE.open(write(writer, tmp_path / "made", {1: [0, 1, 4, 12]}))
    assert (list(source.names), list(source.cameras)) == (["episode 0", "episode 1", "episode 2"], [CAMERA])
    for episode in reversed(range(len(LENGTHS))):
        pieces = list(source.read(episode, Wanted(None, tuple(VECTORS))))
        seen = np.concatenate([piece.frames for piece in pieces])
        assert np.abs(seen.astype(int) - frames(episode)).max() <= 2
        assert np.concatenate([piece.numbers for piece in pieces]).tolist() == list(range(LENGTHS[episode]))
        for name, values in vectors(episode).items():
            np.testing.assert_array_equal(np.concatenate([piece.signals[name] for piece in pieces]), values)


def test_the_frame_before_a_subtask_is_a_label(writer: ModuleType, tmp_path: Path) -> None:
    source = SOURCE.open(write(writer, tmp_path / "made", {1: [0, 1, 4, 12]}))
    assert [None if (found := source.labels(episode)) is None else found.tolist() for episode in range(3)] == [[], [0, 3, 11], []]


def test_statistics_and_tables(writer: ModuleType, tmp_path: Path) -> None:
    root = write(writer, tmp_path / "made", {})
    stats = json.loads((root / "meta" / "stats.json").read_text())
    action = np.concatenate([vectors(episode)["action"] for episode in range(3)])
    assert stats["action"]["count"] == [20]
    assert stats["action"]["mean"] == pytest.approx([action.mean()])
    assert stats["action"]["std"] == pytest.approx([action.std()])
    assert stats[CAMERA]["max"] == [[[165 / 255]]] * 3
    table = pq.read_table(root / "meta" / "episodes" / "chunk-000" / "file-000.parquet").to_pydict()
    assert table["length"] == list(LENGTHS)
    assert (table["dataset_from_index"], table["dataset_to_index"]) == ([0, 5, 18], [5, 18, 20])
    assert table[f"videos/{CAMERA}/from_timestamp"] == [0, 0.5, 1.8]
    rows = pq.read_table(root / "data" / "chunk-000" / "file-000.parquet", columns=["index", "frame_index"]).to_pydict()
    assert rows["index"] == list(range(20))


@pytest.mark.parametrize("begins", [[1], [0, 0], [0, 3, 2], [0, 5]])
def test_subtasks_that_are_none_are_refused(writer: ModuleType, tmp_path: Path, begins: list[int]) -> None:
    with pytest.raises(ValueError, match="subtasks begin at"):
        write(writer, tmp_path / "made", {0: begins})
