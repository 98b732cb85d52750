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
from keyin_cli.methods.registry import stage as spec_of
from keyin_cli.methods.registry import trained
from keyin_cli.model.keyin import Foundation, KeyIn
from keyin_cli.model.weights import read_weights, save_tensors, save_weights, tensors_sha256
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
    manifest = storage.provenance() | {"kind": "run", "recipe": {}, "inputs": {}}
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


def recorded(folder: Path) -> Path:
    """Weights with the manifest that a run has with them."""
    recipe = check({"name": "mine", "model": {"codec": {"kind": "mlp", "embedding": 8, "hidden": [16]}}})
    file = folder / "interpolator" / storage.WEIGHTS
    sha256 = save_weights(file, spec_of("interpolator").model(recipe), "interpolator", recipe)
    told = {"kind": "run", "stage": "interpolator", "recipe": recipe.model_dump(mode="json"), "inputs": {}}
    told |= {"weights_sha256": sha256}
    storage.write_json(file.parent / storage.MANIFEST, storage.provenance() | told | {"steps": 1, "seconds": 1.0, "metrics": {}})
    return file


def test_weights_are_those_that_the_manifest_beside_them_names(tmp_path: Path) -> None:
    file = recorded(tmp_path)
    checkpoints.load(tmp_path)
    whole = file.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole.replace(b"mine", b"nine")):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"weights.safetensors is damaged, or does not belong to manifest.json beside it"):
            checkpoints.load(tmp_path)
        foreign = tmp_path / "alone.safetensors"
        foreign.write_bytes(damaged)
        checkpoints.load(foreign)  # nobody knows what it was


def test_a_recipe_of_any_size_allocates_nothing(tmp_path: Path) -> None:
    file = recorded(tmp_path)
    tensors, metadata = read_weights(file)
    file.with_name(storage.MANIFEST).unlink()
    for key, value in (("embedding", 10**9), ("hidden", [10**9, 10**9])):
        told = json.loads(json.dumps(metadata))
        told["recipe"]["model"]["codec"][key] = value
        save_tensors(file, tensors, told)
        with pytest.raises(InputError, match=r"belongs to another model|gives no model"):
            checkpoints.load(tmp_path)


@pytest.mark.parametrize("shifts", [[], {"keyin": "1"}, {"keyin": 1.5}, {"keyin": True}, {"keyin": 10**9}, {"keyin": None}])
def test_damaged_shifts(shifts: object, tmp_path: Path) -> None:
    recorded(tmp_path)
    storage.write_json(tmp_path / storage.SHIFTS, {"keyin": -1})
    assert checkpoints.load(tmp_path).shifts == {"keyin": -1}
    storage.write_json(tmp_path / storage.SHIFTS, shifts)
    with pytest.raises(InputError, match=r"shifts.json is damaged"):
        checkpoints.load(tmp_path)
