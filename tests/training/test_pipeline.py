"""Nothing is trained that does not fit into memory, and stage 2 on no weights of stage 1 but those that are recorded."""

from pathlib import Path

import pytest
from torch import Tensor

from keyin_cli.errors import InputError
from keyin_cli.methods.registry import stage
from keyin_cli.model.weights import read_weights, save_tensors
from keyin_cli.recipe import load
from keyin_cli.training import memory, pipeline
from keyin_cli.training.estimate import estimate

SMALL = ("data.n=60", "pretrain.steps=1", "pretrain.batch=2", "train.steps=1", "train.batch=2")


def train(name: str, folder: Path) -> Path:
    """Train a stage of one step. Returns the file of its weights."""
    pipeline.train(stage(name), load("tiny/brownian", (*SMALL, f"data.path={folder}/data.zarr")), folder / "run")
    return folder / "run" / name / "weights.safetensors"


def changed(file: Path) -> tuple[dict[str, Tensor], dict[str, object]]:
    """The weights in a file, a value of which is another one."""
    tensors, metadata = read_weights(file)
    next(value for value in tensors.values() if value.is_floating_point()).view(-1)[0] += 1
    return tensors, metadata


def test_damaged_weights_of_stage_1_are_not_trained_on(tmp_path: Path) -> None:
    file = train("interpolator", tmp_path)
    save_tensors(file, *changed(file))
    with pytest.raises(InputError, match=r"interpolator/weights\.safetensors is damaged, it is not what the run ended with"):
        train("keyin", tmp_path)
    assert not (tmp_path / "run/keyin").exists()


def test_weights_of_stage_1_that_change_meanwhile_are_not_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = train("interpolator", tmp_path)
    monkeypatch.setattr(pipeline, "read_weights", lambda _: changed(file))
    with pytest.raises(InputError, match=r"run/interpolator was replaced by another command meanwhile, or is damaged"):
        train("keyin", tmp_path)
    assert not (tmp_path / "run/keyin").exists()


def test_steps_that_do_not_fit_into_memory_are_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "needed", lambda *_: 10**18)
    with pytest.raises(InputError, match=r"training interpolator needs 1,000,000,000\.0 GB of memory, .* are free: give"):
        train("interpolator", tmp_path)
    assert not (tmp_path / "run/interpolator").exists()
    with pytest.raises(InputError, match=r"training interpolator needs .* give a smaller pretrain\.batch"):
        estimate(load("tiny/brownian", SMALL), stage("interpolator"))
