"""`keyin find` from a source to a page: imports, makes a recipe, trains and finds; another number needs no new training."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from processes import Keyin, complaint, printed

LENGTHS = (40, 25, 31)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with d.npz: a bar that turns back every 10 frames, and its place as a signal."""
    folder = tmp_path_factory.mktemp("find")
    place = np.concatenate([np.abs((np.arange(length) + 10) % 20 - 10) for length in LENGTHS])
    frames = np.zeros((len(place), 16, 16, 3), np.uint8)
    frames[np.arange(len(place)), :, place] = 255
    arrays = {"frames": frames, "state": np.stack([place, place**2], 1).astype(np.float32), "fps": np.array(10.0)}
    np.savez(folder / "d.npz", episode_ends=np.cumsum(LENGTHS), **arrays)
    return folder


SHORT = ("--minutes", "0.1", "--size", "16", "--json")


@pytest.fixture(scope="module")
def found(keyin: Keyin, source: Path) -> dict:
    return printed(keyin("find", "d.npz", *SHORT, cwd=source))


def test_from_a_source_to_a_page(found: dict, source: Path) -> None:
    folder = source / "artifacts" / "find" / "d"
    assert found["path"] == "artifacts/find/d/keyframes.json"
    assert [episode["frames"] for episode in found["episodes"]] == list(LENGTHS)
    assert (found["method"], list(found["settings"])) == ("search", ["price"])
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".") and path.suffix != ".lock"} == {
        "episodes.zarr",
        "evidence.safetensors",
        "keyframes.json",
        "recipe.yaml",
        "report.html",
        "run",
    }
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text())
    assert recipe["name"] == "d"
    assert recipe["model"]["codec"]["kind"] == "components"
    assert recipe["pretrain"]["steps"] >= 100
    assert json.loads((folder / "keyframes.json").read_text())["episodes"] == found["episodes"]


def test_another_number_needs_no_new_training(found: dict, here: Keyin, source: Path) -> None:
    weights = source / "artifacts/find/d/run/interpolator/weights.safetensors"
    before = weights.stat().st_mtime_ns
    complaint(here("find", "d.npz", *SHORT, "--keyframes", "3", cwd=source), "has keyframes already", "--overwrite")
    fewer = here("find", "d.npz", *SHORT, "--keyframes", "3", "--overwrite", cwd=source)
    assert "recipe.yaml is used as it is" in fewer.stderr
    assert np.mean([len(episode["keyframes"]) for episode in printed(fewer)["episodes"]]) <= 3
    dear = printed(here("find", "d.npz", *SHORT, "--price", "1e9", "--overwrite", cwd=source))
    assert sum(len(episode["keyframes"]) for episode in dear["episodes"]) <= 3 * 2
    again = printed(here("find", "d.npz", *SHORT, "--overwrite", cwd=source))
    assert again["episodes"] == found["episodes"]
    assert weights.stat().st_mtime_ns == before


def test_signals_alone_and_other_data_with_the_same_weights(keyin: Keyin, here: Keyin, source: Path) -> None:
    signals = printed(keyin("find", "d.npz", "--signals", "state", "--no-images", "--out", "s", *SHORT, cwd=source))
    assert len(signals["episodes"]) == 3
    recipe = yaml.safe_load((source / "s" / "recipe.yaml").read_text())
    assert recipe["data"]["signals"] == {"state": 2}
    assert "height" not in recipe["data"]
    page = (source / "s" / "report.html").read_text()
    assert "<title>" in page
    again = printed(here("find", "d.npz", "--ckpt", "s/run", "--out", "t", "--size", "16", "--json", cwd=source))
    assert again["episodes"] == signals["episodes"]
    assert not (source / "t" / "run").exists()
    result = printed(here("eval-f1", "--ckpt", "s/run", "--split", "all", "--out", "e", "--json", cwd=source))
    assert (result["rows"][0]["method"], result["figures"]) == ("search", [])


def test_an_edited_recipe_that_is_none(here: Keyin, source: Path) -> None:
    (source / "broken").mkdir()
    (source / "broken" / "recipe.yaml").write_text("name: x\nmodel: {codec: {kind: convs}}\n")
    complaint(here("find", "d.npz", "--out", "broken", *SHORT, cwd=source), "broken/recipe.yaml: model.codec")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--no-images",), "--no-images leaves nothing to look at: give --signals too"),
        (("--signals", "action"), "has no signal action"),
        (("--method", "random"), "no method that finds keyframes of whole episodes random"),
        (("--fps", "0"), "--fps 0: expected frames a second"),
        (("--ckpt", "none"), "no weights at none"),
    ],
    ids=lambda value: re.sub(r"\W+", "-", " ".join(value)) if isinstance(value, tuple) else "",
)
def test_what_is_refused(arguments: tuple[str, ...], line: str, here: Keyin, source: Path) -> None:
    complaint(here("find", "d.npz", "--out", "refused", *arguments, "--size", "16", cwd=source), line)
