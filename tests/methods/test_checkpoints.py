"""Which weights `--ckpt` means, and the models in them."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from small_brownian import MODEL

from keyin_cli import storage
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints
from keyin_cli.methods.checkpoints import load_model
from keyin_cli.methods.registry import trained
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.weights import save_weights, tensors_sha256
from keyin_cli.recipe import check

SMALL = {"name": "small", "model": MODEL}
RECIPE = check(SMALL)
ROOT = Path(__file__).parents[2]


def test_weights_are_found_in_a_file_a_stage_a_run_and_a_released_directory(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for stage in ("interpolator", "keyin"):
        storage.write(run / stage / storage.WEIGHTS, stage)
    assert checkpoints.find_weights(run) == run / "keyin" / storage.WEIGHTS
    assert checkpoints.find_weights(run / "interpolator") == run / "interpolator" / storage.WEIGHTS
    assert checkpoints.find_weights(run / "keyin" / storage.WEIGHTS) == run / "keyin" / storage.WEIGHTS
    storage.write(tmp_path / "released" / storage.WEIGHTS, "released")
    assert checkpoints.find_weights(tmp_path / "released").read_text() == "released"


def test_missing_and_unfinished_weights_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no weights at .*: train some with `keyin train"):
        checkpoints.find_weights(tmp_path)
    (tmp_path / "keyin" / storage.CHECKPOINTS).mkdir(parents=True)
    with pytest.raises(InputError, match="unfinished run"):
        checkpoints.find_weights(tmp_path)


@pytest.mark.parametrize("name", ["brownian", "pushing"])
def test_released_weights_have_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = checkpoints.find_all_weights(name)
    assert files[0] == ROOT / "artifacts" / "released" / name / "keyin" / storage.WEIGHTS
    assert len(files) >= 7
    (tmp_path / name).mkdir()  # what is there goes first
    with pytest.raises(InputError, match=rf"no weights at {name}, which hides .* give --ckpt .*/artifacts/released/{name}$"):
        checkpoints.find_all_weights(name)


@pytest.mark.parametrize("path", ["", ".", "..", "/", "released/..", "a" * 300, "a\0b", "brownian/", "no/such"], ids=repr)
def test_paths_at_which_nothing_can_be(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if path == "brownian/":
        (tmp_path / path).mkdir()
    hidden = "hides" if path == "brownian/" else "train some"
    with pytest.raises(InputError, match=f"no weights at .*{hidden}"):
        checkpoints.find_all_weights(path)


@pytest.mark.parametrize(
    "metadata", [{"stage": ["keyin"], "recipe": SMALL}, {"stage": "keyin", "recipe": "small"}, ["keyin"]], ids=repr
)
def test_metadata_of_another_shape(metadata: object, tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors", {"keyin": json.dumps(metadata)})
    with pytest.raises(InputError, match="holds the weights of another program"):
        checkpoints.load(tmp_path / "x.safetensors")


def test_what_to_do_without_weights_of_a_stage() -> None:
    with pytest.raises(InputError, match=r"^keyin needs .*`keyin train`.*: use --selector search$"):
        trained({"interpolator": Foundation(RECIPE)}, "keyin", KeyIn)
    with pytest.raises(InputError, match=r"^keyin needs .*: give --ckpt a run directory that has it$"):
        trained({"tap": torch.nn.Linear(1, 1)}, "keyin", KeyIn)  # nothing that could search


def test_evaluations_land_beside_runs_made_here_alone(tmp_path: Path) -> None:
    manifest = {"kind": "run", "recipe": {}, "inputs": {}, "command": "keyin train"}
    own, published, foreign = (tmp_path / name / "keyin" for name in ("own", "published", "foreign"))
    storage.write_json(own / storage.MANIFEST, manifest)
    storage.write_json(published / storage.MANIFEST, manifest | {"halved_from": "abc"})
    released = ROOT / "artifacts" / "released" / "brownian" / "keyin"
    assert checkpoints.evaluations(own / storage.WEIGHTS, "mine") == own / "eval_f1"
    storage.write_json(foreign / storage.MANIFEST, {"name": "another program's"})
    (tmp_path / "link").symlink_to(released, target_is_directory=True)
    detour = released.parents[1] / ".." / "released" / "brownian" / "keyin"
    for folder in (published, foreign, released, tmp_path / "link", detour):
        assert checkpoints.evaluations(folder / storage.WEIGHTS, "mine") == Path("artifacts/runs/mine/eval_f1")


def test_weights_carry_their_recipe(tmp_path: Path) -> None:
    for stage, model in (("interpolator", Foundation(RECIPE)), ("keyin", KeyIn(RECIPE))):
        sha256 = save_weights(tmp_path / "w.safetensors", model, stage, RECIPE)
        loaded, recipe = load_model(tmp_path / "w.safetensors")
        assert type(loaded) is type(model)
        assert recipe == RECIPE
        assert tensors_sha256(dict(loaded.state_dict())) == sha256
        assert not loaded.training


def test_foreign_and_damaged_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    save_file({"x": torch.zeros(1)}, file)
    with pytest.raises(InputError, match="weights of another program"):
        load_model(file)
    save_weights(file, KeyIn(RECIPE), "keyin", RECIPE)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputError, match="damaged or no safetensors file"):
        load_model(file)
    save_weights(file, Foundation(RECIPE), "interpolator", check(SMALL, ["model.lstm.units=8"]))
    with pytest.raises(InputError, match="belongs to another model"):
        load_model(file)


def test_weights_of_a_stage_that_nobody_trains_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    save_weights(file, KeyIn(RECIPE), "keyout", RECIPE)
    with pytest.raises(InputError, match=r"w.safetensors: no stage keyout: .*there are keyin, keyin-search, interpolator"):
        load_model(file)
    with pytest.raises(InputError, match="no weights at"):
        checkpoints.find_weights(tmp_path / "nothing")
