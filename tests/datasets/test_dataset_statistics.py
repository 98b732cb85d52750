import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.testing import assert_allclose

from keyin_cli.datasets.brownian import BrownianData
from keyin_cli.datasets.generate import generate
from keyin_cli.datasets.pushing.counts import of_pushing
from keyin_cli.datasets.pushing.geometry import shortest_path
from keyin_cli.datasets.statistics import of_keyframes, statistics
from keyin_cli.datasets.store import Dataset, open_dataset

WALL = np.array([[0.1, 0.05], [-0.1, 0.0]])
FRAMES = 8


def labels(*rows: list[int]) -> np.ndarray:
    return np.array([[time in row for time in range(FRAMES)] for row in rows])


def pushing(**changes: Any) -> dict[str, Any]:
    """Two demonstrations: around the left end, which the line between saved frames crosses, and around the right one."""
    left = np.array([[0, -0.4], [-0.6, -0.15], [-0.6, 0.25], [0, 0.5]]) + WALL[0]
    right = np.array([[0, -0.4], [0.4, -0.3], [0.8, 0.3], [0, 0.5]]) + WALL[1]
    paths = [np.repeat(path, 2, axis=0) for path in (left, right)]
    states = np.pad(np.array(paths), ((0, 0), (0, 0), (0, 8))).astype(np.float32)
    arrays = {
        "keyframes": labels([2, 4, 7], [1, 4, 6]),
        "states": states,
        "wall": WALL.astype(np.float32),
        "goal": states[:, -1, :2],
        "attempts": np.array([1, 3], np.uint8),
    }
    return of_pushing(**{**arrays, **changes})


def test_keyframes_are_counted() -> None:
    counted = of_keyframes(labels([1, 3, 6], [], [3], [0, 3]))
    assert counted["keyframes_per_sequence"] == 6 / 4
    assert counted["keyframe_times"] == [1, 1, 0, 3, 0, 0, 1, 0]
    assert counted["frames_between_keyframes"] == [0, 0, 1, 2, 0, 0, 0, 0]  # none from one sequence to the next


def test_no_keyframe_at_all() -> None:
    counted = of_keyframes(labels([], []))
    assert counted == {"keyframes_per_sequence": 0, "keyframe_times": [0] * FRAMES, "frames_between_keyframes": [0] * FRAMES}


def test_pushes_are_counted_from_the_first_frame() -> None:
    counted = pushing()
    assert counted["pushes_per_sequence"] == 3
    assert counted["frames_per_push"] == [0, 1, 3, 2, 0, 0, 0, 0]  # 2, 2, 3 and 1, 3, 2


def test_success_rate_is_of_attempts() -> None:
    assert pushing()["success_rate"] == 0.5
    assert pushing(attempts=np.array([200, 200], np.uint8))["success_rate"] == 0.005  # the sum is no uint8


def test_sides() -> None:
    assert pushing()["sides"] == {"left": 0.5, "right": 0.5}
    states = np.zeros((2, FRAMES, 10))
    states[:, :, :2] = np.linspace([-0.9, -0.5], [0.5, 0.5], FRAMES)  # crosses y = 0 left of x = 0, mostly right of it
    assert pushing(states=states, wall=np.zeros((2, 2)))["sides"] == {"left": 1, "right": 0}
    assert pushing(states=states * np.array([-1, 1] + [0] * 8), wall=np.zeros((2, 2)))["sides"] == {"left": 0, "right": 1}
    assert pushing(states=states, wall=np.array([[0, 0], [-0.15, 0]]))["sides"]["left"] == 1  # at x = -0.2, between saved frames
    assert pushing(states=states, wall=np.array([[0, 0], [-0.4, 0]]))["sides"] == {"left": 0.5, "right": 0.5}


def test_lengths() -> None:
    counted = pushing()
    own = [0.65 + 0.4 + np.hypot(0.6, 0.25), np.hypot(0.4, 0.1) + np.hypot(0.4, 0.6) + np.hypot(0.8, 0.2)]
    puck, shortest, edges = (counted["lengths"][name] for name in ("puck", "shortest", "edges"))
    assert_allclose([puck["min"], puck["mean"], puck["max"]], [min(own), np.mean(own), max(own)], rtol=1e-6)
    expected = shortest_path(WALL - np.array([0, 0.4]), WALL + np.array([0, 0.5]), WALL)
    assert_allclose([shortest["min"], shortest["max"]], [expected.min(), expected.max()], rtol=1e-6)
    assert shortest["max"] < puck["min"]
    assert edges[0] <= shortest["min"]
    assert edges[-1] >= puck["max"]
    for spread in (puck, shortest):
        assert sum(spread["counts"]) == 2
        assert len(spread["counts"]) == len(edges) - 1
    assert np.flatnonzero(puck["counts"])[0] > np.flatnonzero(shortest["counts"])[-1]


@pytest.mark.parametrize(("aside", "blocked"), [([0, 0], 1), ([0.7, 0], 0.5), ([0.7, 0.7], 0)])
def test_straight_lines_that_the_wall_blocks(aside: list[float], blocked: float) -> None:
    moved = WALL + np.stack([np.array(aside), np.zeros(2)], axis=1)
    assert pushing(wall=moved)["straight_line_blocked"] == blocked


def test_of_a_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(BrownianData(n=60), tmp_path / "b.zarr", workers=1)
    read, original = [], Dataset.read

    def recording(dataset: Dataset, name: str, indices: np.ndarray) -> np.ndarray:
        read.append(name)
        return original(dataset, name, indices)

    monkeypatch.setattr(Dataset, "read", recording)
    dataset = open_dataset(tmp_path / "b.zarr")
    counted = statistics(dataset)
    assert read == ["keyframes"]  # 50,000 sequences of frames would not fit
    assert json.loads(json.dumps(counted)) == counted
    assert "pushing" not in counted
    assert (counted["sequences"], counted["frames"], sum(counted["splits"].values())) == (60, 35, 60)
    keyframes = np.asarray(zarr.open_group(tmp_path / "b.zarr", mode="r")["keyframes"][:])
    assert counted["keyframe_times"] == keyframes.sum(axis=0).tolist()
    between = counted["frames_between_keyframes"]
    assert sum(between) == sum(between[6:9]) == (keyframes.sum(axis=1) - 1).sum()


def test_without_labels(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "own.zarr").create_array("frames", data=np.ones((3, 4, 8, 8, 1), np.uint8))
    everything = {"train": 3, "val": 3, "test": 3}
    assert statistics(open_dataset(tmp_path / "own.zarr")) == {"sequences": 3, "frames": 4, "splits": everything}
