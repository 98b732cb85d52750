"""studies/robustness.py on untrained weights: every condition is evaluated, and evaluated on what it says."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from keyin_cli.colours import BLUE, RED
from keyin_cli.datasets import brownian
from keyin_cli.datasets.brownian import BrownianData
from keyin_cli.discovery.f1 import table_row
from keyin_cli.methods.checkpoints import load_model
from keyin_cli.methods.keyin import KeyframeSelector
from keyin_cli.methods.registry import stage
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.svg import Svg
from keyin_cli.model.weights import save_weights
from keyin_cli.recipe import check, load
from keyin_cli.training.engine import seeded

N = 6
VALUES = {
    "radius": [1, 1.3, 1.6, 2, 2.5, 3],
    "min_turn": [15, 20, 25, 30],
    "noise": [0, 0.05, 0.1, 0.2],
    "keyframes": [4, 5, 6, 7, 8, 9, 10],
}
TRAINED = {"radius": 1.6, "min_turn": 30, "noise": 0, "keyframes": 6}
OWN = {"kind": "zarr", "path": "mine.zarr", "frames": 35, "height": 32, "width": 32, "channels": 1}


@pytest.fixture
def robustness(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module("robustness")


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with untrained weights of KeyIn and Surprise, and of a baseline that the study leaves out."""
    path = tmp_path_factory.mktemp("weights")
    recipe = load("tiny/brownian", ["discovery.calibration=4"])
    save_weights(path / "keyin" / "weights.safetensors", seeded(1, lambda: KeyIn(recipe)), "keyin", recipe)
    save_weights(path / "surprise" / "weights.safetensors", seeded(1, lambda: Svg(recipe)), "surprise", recipe)
    static = stage("static").variant(recipe)
    save_weights(path / "static" / "weights.safetensors", seeded(1, lambda: KeyIn(static)), "static", static)
    return path


def call(robustness: ModuleType, monkeypatch: pytest.MonkeyPatch, *args: str | Path) -> None:
    monkeypatch.setattr("sys.argv", ["robustness.py", *map(str, args)])
    robustness.main()


@pytest.fixture
def written(robustness: ModuleType, ckpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Any]:
    """Where the command wrote, and what."""
    call(robustness, monkeypatch, "--ckpt", ckpt, "--out", tmp_path / "r", "--n", str(N))
    return tmp_path / "r", json.loads((tmp_path / "r" / "robustness.json").read_text())


def test_every_condition_has_its_rows(written: tuple[Path, Any], ckpt: Path) -> None:
    path, result = written
    rows = result["rows"]
    found = [(row["factor"], row["value"], row["method"]) for row in rows]
    methods = {name: ["keyin", "surprise"] if name == "keyframes" else ["keyin", "search", "surprise"] for name in VALUES}
    assert found == [(name, value, method) for name in VALUES for value in VALUES[name] for method in methods[name]]
    assert result["trained"] == TRAINED
    for row in rows:
        low, high = row["ci95"]["0"]
        assert low <= row["f1"]["0"] <= high
        assert row["n"] == N
        assert {"precision", "recall"} < row.keys()
        if row["method"] == "surprise":  # names as many as it is asked for
            assert row["keyframes_per_sequence"] == (row["value"] if row["factor"] == "keyframes" else 6)
    for method in ("keyin", "surprise"):
        scores = [row["f1"] for row in rows if row["method"] == method and row["value"] == TRAINED[row["factor"]]]
        assert scores == [scores[0]] * 4
    assert result["weights_sha256"].keys() == {"keyin", "surprise"}
    assert result["command"].startswith("python studies/robustness.py --ckpt")
    assert {"seconds", "device", "seed", "git", "versions"} <= result.keys()
    with Image.open(path / "robustness.png") as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert {BLUE, RED} <= colours


def test_a_row_is_what_the_parts_say(written: tuple[Path, Any], robustness: ModuleType, ckpt: Path) -> None:
    recipe = load("tiny/brownian")
    made, files = brownian.arrays(BrownianData(seed=1, radius=2), np.arange(N)), robustness.weights(ckpt)
    context, frames, labels = robustness.prepare(files, recipe, robustness.Condition(("data.radius=2",)), N, 1)
    np.testing.assert_array_equal(frames, made["frames"])
    np.testing.assert_array_equal(labels, made["keyframes"][:, 5:])
    expected = table_row("keyin", KeyframeSelector(context).select(made["frames"]), made["keyframes"][:, 5:])
    (row,) = (row for row in written[1]["rows"] if (row["factor"], row["value"], row["method"]) == ("radius", 2, "keyin"))
    assert row["f1"] == expected["f1"]


def test_conditions_of_other_kinds_are_recipes(robustness: ModuleType) -> None:
    recipe = load("pushing")
    factors = {factor.name: factor for factor in robustness.factors_of(recipe)}
    assert factors.keys() == {"noise", "keyframes"}
    assert factors["keyframes"].values == (5, 6, 7, 8, 9, 10)  # 4 of at most 6 frames do not reach 30
    for count in factors["keyframes"].values:
        check(recipe.model_dump(mode="json"), [f"window.keyframes={count}"])


def test_the_same_weights_say_any_number_of_keyframes(ckpt: Path) -> None:
    file = ckpt / "keyin" / "weights.safetensors"
    frames = brownian.arrays(BrownianData(seed=1), np.arange(2))["frames"]
    six, nine = (load_model(file, [f"window.keyframes={count}"])[0] for count in (6, 9))
    deltas = []
    for model in (six, nine):
        assert isinstance(model, KeyIn)
        images = frames.astype(np.float32) / 255
        deltas.append(model.keyframes(model.foundation.encoder(next(model.parameters()).new_tensor(images))).delta.numpy())
    assert deltas[1].shape == (2, 9, 10)
    np.testing.assert_allclose(deltas[1][:, :6], deltas[0], rtol=1e-5)


def test_noise_has_its_deviation_and_belongs_to_a_sequence(robustness: ModuleType) -> None:
    grey = np.full((3, 4, 32, 32, 1), 128, np.uint8)
    drawn = robustness.noisy(grey, 0.1, seed=1)
    assert drawn.std() == pytest.approx(25.5, rel=0.03)
    assert drawn.mean() == pytest.approx(128, abs=1)
    np.testing.assert_array_equal(robustness.noisy(grey[:2], 0.1, seed=1), drawn[:2])
    assert (drawn[0] != drawn[1]).any()
    assert robustness.noisy(grey, 0.0, seed=1) is grey
    black = robustness.noisy(np.zeros_like(grey), 0.2, seed=1)
    assert np.mean(black == 0) == pytest.approx(0.5, abs=0.02)  # clipped, not wrapped


def test_what_cannot_be_studied_is_one_line(
    robustness: ModuleType, ckpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = check(load("tiny/brownian").model_dump(mode="json") | {"data": OWN})
    save_weights(tmp_path / "own.safetensors", seeded(0, lambda: KeyIn(own)), "keyin", own)
    cases = {
        "needs weights of data that is generated": ("--ckpt", tmp_path / "own.safetensors"),
        "use another seed": ("--ckpt", ckpt, "--seed", "0"),
        "no weights at": ("--ckpt", tmp_path / "none"),
    }
    for expected, args in cases.items():
        with pytest.raises(SystemExit) as stopped:
            call(robustness, monkeypatch, *args, "--out", tmp_path / "out")
        assert stopped.value.code == 2
        error = capsys.readouterr().err
        assert expected in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
