"""studies/choices.py: the smallest validation loss chooses, and labels do not."""

import importlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import zarr

from keyin_cli.datasets.brownian import BrownianData, arrays
from keyin_cli.recipe import load, to_yaml

MARGINAL, FINISH = "{objective: marginal, steps: 4, batch: 8, sequences: 50}", "{objective: soft-pixels, steps: 3, batch: 8}"
PHASES = f"train={{phases: [{MARGINAL}, {FINISH}]}}"
DATA = "data={kind: zarr, path: mine.zarr, frames: 35, height: 32, width: 32, channels: 1}"
KEYS = [DATA, "pretrain.steps=6", "discovery.calibration=4", PHASES]
TRIED = ["discovery.shift=0", "discovery.shift=-1", "discovery.shift=-1 discovery.price=4000"]


@pytest.fixture
def choices(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module("choices")


def call(choices: ModuleType, patch: pytest.MonkeyPatch, folder: Path, *by: str) -> Any:
    """Run the study in a folder with a recipe; its result."""
    patch.chdir(folder)
    words = [word for each in TRIED for word in ("--try", each)] + [word for each in by for word in ("--by", each)]
    patch.setattr("sys.argv", ["choices.py", "mine.yaml", *words, "--out", "choices.json"])
    choices.main()
    return json.loads(Path("choices.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("choices")
    (folder / "mine.yaml").write_text(to_yaml(load("tiny/brownian", KEYS)))
    made = arrays(BrownianData(), np.arange(160))
    write(folder, made | {"split": np.repeat([0, 1, 2], [120, 20, 20]).astype(np.uint8)})
    return folder


def write(folder: Path, made: Mapping[str, np.ndarray]) -> None:
    """Data of one's own, `mine.zarr`."""
    group = zarr.open_group(folder / "mine.zarr", mode="w")
    for name in ("frames", "keyframes", "split"):
        group.create_array(name, data=made[name])


def test_the_smallest_loss_chooses(choices: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(choices, monkeypatch, folder, "nats")
    assert [" ".join(setting["set"]) for setting in result["settings"]] == TRIED
    criteria = [setting["criterion"] for setting in result["settings"]]
    assert len(set(criteria)) == 3
    assert result["chosen"] == result["settings"][int(np.argmin(criteria))]["set"]
    assert all(setting["criterion"] == setting["metrics"]["nats"] for setting in result["settings"])
    assert all(0 <= setting["validation"]["f1"]["0"] <= 1 for setting in result["settings"])
    again = call(choices, monkeypatch, folder, "nats", "0.5*kl")  # nothing is trained again
    added = [setting["metrics"]["nats"] + 0.5 * setting["metrics"]["kl"] for setting in again["settings"]]
    assert [setting["criterion"] for setting in again["settings"]] == added
    assert [setting["seconds"] for setting in again["settings"]] == [setting["seconds"] for setting in result["settings"]]


def test_labels_choose_nothing(choices: ModuleType, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(choices, monkeypatch, folder, "nats")
    shutil.copy(folder / "mine.yaml", tmp_path)
    made = {name: array[:] for name, array in zarr.open_group(folder / "mine.zarr", mode="r").arrays()}
    write(tmp_path, made | {"keyframes": np.random.default_rng(0).random(made["keyframes"].shape) < 0.2})
    other = call(choices, monkeypatch, tmp_path, "nats")
    assert other["chosen"] == result["chosen"]
    for one, two in zip(result["settings"], other["settings"], strict=True):
        assert one["metrics"] == two["metrics"]
        assert one["validation"]["f1"] != two["validation"]["f1"]


@pytest.mark.parametrize(
    ("tried", "by", "line"),
    [
        ("pretrain.lr=0.5", "nats", "pretrain.lr=0.5: a setting that changes stage 1 is another recipe"),
        ("discovery.shift=0", "frames", "--by frames: keyin reports"),
        ("discovery.shift=0", "much*kl", "--by much*kl: much is no number"),
        ("discovery.shift=0", "nan*kl", "--by nan*kl: nan is no number"),
    ],
)
def test_what_cannot_be_chosen_is_one_line(
    tried: str,
    by: str,
    line: str,
    choices: ModuleType,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["choices.py", "mine.yaml", "--try", tried, "--by", by, "--out", "other.json"])
    with pytest.raises(SystemExit):
        choices.main()
    assert line in capsys.readouterr().err.replace("\n", " ")
    assert not Path("other.json").exists()
