"""studies/alignment.py: a motion that ends is told from one that begins, and the whole study runs on an untrained stage 1."""

import importlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from keyin_cli.model.keyin import Foundation
from keyin_cli.model.weights import save_weights
from keyin_cli.recipe import load


@pytest.fixture
def alignment(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "studies")
    return importlib.import_module("alignment")


def test_the_first_frame_of_a_new_motion_surprises(alignment: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Straight motions with a new velocity from a frame on: errors are largest at that frame, not at the one before."""
    monkeypatch.setattr(alignment, "STEPS", 400)
    rng = np.random.default_rng(0)
    first = rng.integers(8, 14, 600)  # frame at which a new motion is first seen
    new = np.arange(20) >= first[:, None]
    velocity = np.where(new[..., None], rng.normal(size=(600, 1, 4)), rng.normal(size=(600, 1, 4)))
    embeddings = torch.from_numpy(velocity.cumsum(1).astype(np.float32))
    errors = alignment.surprises(embeddings[:500], embeddings[500:], 0)
    assert np.isnan(errors[:, : alignment.PAST]).all()
    means = alignment.around(errors, np.arange(20) == first[500:, None])
    assert means["0"] > 2 * means["-1"]
    assert max(means, key=means.__getitem__) == "0"


def test_around_counts_what_is_inside(alignment: ModuleType) -> None:
    errors = np.arange(10, dtype=np.float32)[None]
    found = np.zeros((1, 10), bool)
    found[0, [1, 9]] = True
    means = alignment.around(errors, found)
    assert means == {"all": 4.5, "-2": 7, "-1": 4, "0": 5, "+1": 2, "+2": 3}


def test_the_study_runs(alignment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(alignment, "STEPS", 5)
    recipe = load("tiny/brownian", ["data.n=100"])
    save_weights(tmp_path / "run/interpolator/weights.safetensors", Foundation(recipe), "interpolator", recipe)
    from keyin_cli.datasets import generate

    generate.ensure(recipe.data)
    arguments = ["alignment.py", "--ckpt", "run", "--out", "alignment.json", "--n"]
    monkeypatch.setattr("sys.argv", [*arguments, "3"])
    alignment.main()
    made = json.loads((tmp_path / "alignment.json").read_text())
    assert set(made["errors"]) == {"all", "-2", "-1", "0", "+1", "+2"}
    assert (made["recipe"], made["n"]) == ("tiny-brownian", 3)
    monkeypatch.setattr("sys.argv", [*arguments, "90"])
    with pytest.raises(SystemExit, match="2"):
        alignment.main()
