"""studies/score_found.py: rows of a file of keyframes."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import zarr

LENGTHS = (40, 25)
LABELS = ((7, 20, 30), (10,))


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module("score_found")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """e.zarr, whose gripper changes at every label, and keyframes.json, one frame late."""
    begins = np.array([0, LENGTHS[0]])
    labels = np.isin(
        np.arange(sum(LENGTHS)), [begin + label for begin, each in zip(begins, LABELS, strict=True) for label in each]
    )
    group = zarr.create_group(tmp_path / "e.zarr")
    group.create_array("data/frames", data=np.ones((sum(LENGTHS), 4, 4, 3), np.uint8))
    group.create_array("data/keyframes", data=labels)
    state = np.stack([np.ones(sum(LENGTHS)), labels.cumsum() % 2], axis=1).astype(np.float32)
    group.create_array("data/state", data=state)
    group.create_array("meta/episode_ends", data=np.cumsum(LENGTHS))
    group.attrs.put({"fps": 10})
    late = [{"episode": i, "keyframes": [label + 1 for label in each]} for i, each in enumerate(LABELS)]
    (tmp_path / "keyframes.json").write_text(
        json.dumps({"dataset": str(tmp_path / "e.zarr"), "method": "late", "episodes": late})
    )
    return tmp_path


def call(study: ModuleType, monkeypatch: pytest.MonkeyPatch, *args: str | Path) -> None:
    monkeypatch.setattr("sys.argv", ["score_found.py", *map(str, args)])
    study.main()


def test_rows(study: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    columns = ("--gripper", "state:1", "--joints", "state:0:1")
    call(study, monkeypatch, folder / "keyframes.json", *columns, "--out", folder / "scores.json")
    result = json.loads((folder / "scores.json").read_text())
    rows = {row["method"]: row for row in result["rows"]}
    assert list(rows) == ["late", "peract", "uniform", "random"]
    assert rows["late"]["f1"] == {"0": 0, "1": 1, "2": 1}
    assert rows["peract"]["f1"]["0"] == 1
    assert rows["uniform"]["f1"] == {"0": 0.25, "1": 0.5, "2": 0.75}  # at 10, 20, 29 and at 12
    assert 0 < rows["random"]["f1"]["0"] < rows["random"]["f1"]["2"] < 0.6
    assert (result["episodes"], result["labels_per_episode"]) == (2, 2)
    assert "late       0.000 [0.000, 0.000]  1.000 [1.000, 1.000]" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["state", "state:2", "state:1:1", "state:0:3", "state:-1", "other:0", "state:0:1:2"])
def test_columns_that_are_none_are_refused(
    study: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        call(study, monkeypatch, folder / "keyframes.json", "--gripper", given, "--joints", "state:0:1")
    assert f"{given} names no columns of a signal, such as observation.state:6:12: there are state (2)" in capsys.readouterr().err
