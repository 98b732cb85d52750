"""`keyin baseline` and `keyin table`: every row, from one command, twice the same."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from PIL import Image
from processes import RECIPE, RUN, Keyin, complaint

from keyin_cli.colours import BLUE, RED
from keyin_cli.commands.table import markdown
from keyin_cli.methods.registry import colours as method_colours
from keyin_cli.training.loop import verify_weights

TABLE = ("table", RECIPE, "--seeds", "2", "--baseline-seeds", "1", "--sequences", "3", "--samples", "3", "--out", "released")
VARIANTS = ["jumpy", "static", "soft-embeddings", "soft-pixels"]
TRAINED = ["keyin", "keyin+refine", "keyin-search", "search", "surprise", "surprise+number", *VARIANTS]
METHODS = [*TRAINED, "constant", "uniform", "random"]


@pytest.fixture(scope="module")
def tabled(keyin: Keyin, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A directory with the whole table of the tiny recipe, and what the command printed."""
    path = tmp_path_factory.mktemp("table")
    shutil.copytree(tiny / "artifacts", path / "artifacts")
    done = keyin("baseline", "static", RECIPE, "--json", cwd=path)
    assert json.loads(done.stdout)["steps"] == 40, done.stderr
    done = keyin(*TABLE, "--json", cwd=path)
    assert done.returncode == 0, done.stderr
    return path, json.loads(done.stdout)


def test_every_row_is_there(tabled: tuple[Path, Any]) -> None:
    path, result = tabled
    assert [row["method"] for row in result["rows"]] == METHODS
    rows = {row["method"]: row for row in result["rows"]}
    assert [row["method"] for row in result["rows"] if "seeds" in row] == TRAINED
    counts = {name: rows[name]["seeds"]["n"] for name in TRAINED}
    assert counts == dict.fromkeys(TRAINED, 1) | dict.fromkeys(("keyin", "keyin+refine", "search"), 2)
    seeds = rows["keyin"]["seeds"]["f1"]["0"]
    assert seeds["each"][0] == rows["keyin"]["f1"]["0"]
    assert seeds["std"] == pytest.approx(abs(seeds["each"][0] - seeds["each"][1]) / 2**0.5)  # of a sample of two
    assert rows["keyin"]["seeds"]["aligned"]["0"]["each"][0] == rows["keyin"]["aligned"]["f1"]["0"]
    half = json.loads((path / "released/seed1/keyin/manifest.json").read_text())
    assert half["halved_from"] != half["weights_sha256"]  # every seed is judged in the precision of what is published
    assert half["inputs"]["interpolator"]["sha256"] != foundation_of_the_first(path)  # and begins at stage 1
    assert all("seconds" in rows[name] and (rows[name]["sequences"] > 0 or name == "search") for name in TRAINED)
    assert rows["jumpy"]["sequences"] == rows["keyin"]["sequences"] == 40 * 8
    shifts = json.loads((path / "released" / "shifts.json").read_text())
    assert shifts == {name: row["aligned"]["shift"] for name, row in rows.items()}
    assert rows["uniform"]["told"]
    assert 0 < rows["random"]["expected_f1"] < 0.4
    assert [row["method"] for row in result["quality"]] == ["keyin", "surprise", "jumpy"]
    assert all(row["best"]["psnr"] > 0 for row in result["quality"])
    assert json.loads((path / "released" / "table.json").read_text()) == result


def foundation_of_the_first(path: Path) -> str:
    """The weights of stage 1 that the first seed's KeyIn stands on."""
    manifest = json.loads((path / RUN / "keyin" / "manifest.json").read_text())
    sha256: str = manifest["inputs"]["interpolator"]["sha256"]
    return sha256


def test_pictures_compare_the_models(tabled: tuple[Path, Any]) -> None:
    path, result = tabled
    last = ["comparison.png", "curves.png", "keyin-samples.png", "jumpy-samples.png"]
    assert result["figures"][-4:] == [f"released/{name}" for name in last]
    samples, whole = (Image.open(path / "released" / f"keyin-{name}.png").convert("RGB") for name in ("samples", "trajectories"))
    assert RED in {colour for _, colour in samples.getcolors(1 << 20)}  # after ten steps nothing drawn is bright enough for blue
    assert samples.height > 1.5 * whole.height  # four rows instead of two
    names = ("comparison", "keyin-strip", "curves")
    comparison, strip, curves = (Image.open(path / "released" / f"{name}.png").convert("RGB") for name in names)
    assert comparison.width == strip.width
    assert comparison.height > 1.5 * strip.height  # four rows for each of as many sequences instead of two
    assert {RED, BLUE} <= {colour for _, colour in comparison.getcolors(1 << 20)}
    assert {method_colours()["jumpy"], method_colours()["static"]} <= {colour for _, colour in curves.getcolors(1 << 20)}


def test_what_is_published_is_small_whole_and_judged(keyin: Keyin, tabled: tuple[Path, Any]) -> None:
    path, result = tabled
    for stage in ("interpolator", "keyin", "surprise", *VARIANTS):
        full, half = ((folder / stage / "weights.safetensors").stat().st_size for folder in (path / RUN, path / "released"))
        assert half < 0.7 * full
        assert verify_weights(path / "released" / stage)
    args = ("eval-f1", "--ckpt", "released", "--selector", "keyin", "--out", "again", "--json")
    again, row = json.loads(keyin(*args, cwd=path).stdout)["rows"][0], result["rows"][0]
    assert again["f1"] == row["f1"]
    assert again["aligned"] == row["aligned"] | {"chosen_on": "the weights"}


def test_it_is_printed_as_markdown(tabled: tuple[Path, Any]) -> None:
    lines = markdown(tabled[1])
    assert lines[0].startswith("| method | F1 | F1 aligned | shift | 95 % interval |")
    assert [line.split(" | ")[0].removesuffix("*") for line in lines[2 : 2 + len(METHODS)]] == [
        f"| {method}" for method in METHODS
    ]
    assert any(line.startswith("* uniform is told the true number of keyframes") for line in lines)
    seeds = tabled[1]["rows"][0]["seeds"]
    assert f"| {seeds['f1']['0']['mean']:.3f} | {seeds['aligned']['0']['mean']:.3f} |" in lines[2]


def test_tap_is_trained_for_planning_and_in_no_row(keyin: Keyin, tabled: tuple[Path, Any]) -> None:
    path, _ = tabled
    assert not (path / RUN / "tap").exists()
    done = keyin("baseline", "tap", RECIPE, "--json", cwd=path)
    assert done.returncode == 0, done.stderr
    trained = json.loads(done.stdout)
    assert trained["steps"] == 20
    assert 0 <= trained["metrics"]["val/copies"] <= 1
    info = json.loads(keyin("info", RUN / "tap", "--verify", "--json", cwd=path).stdout)
    assert (info["kind"], info["verified"]) == ("run tap", True)


def test_an_unknown_baseline(here: Keyin, tmp_path: Path) -> None:
    line = "keyin: no baseline oracle: there are keyin-search, surprise, jumpy, static, soft-embeddings, soft-pixels, tap"
    assert complaint(here("baseline", "oracle", RECIPE, cwd=tmp_path)) == line


def test_a_dataset_without_labels_is_refused_before_anything_is_trained(here: Keyin, tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "own.zarr").create_array("frames", data=np.ones((20, 35, 32, 32, 1), np.uint8))
    data = "data={kind: zarr, path: own.zarr, frames: 35, height: 32, width: 32, channels: 1}"
    complaint(here("table", RECIPE, "--set", data, cwd=tmp_path), "own.zarr has no labels", "`keyin eval-f1`")
    assert [path.name for path in tmp_path.iterdir()] == ["own.zarr"]


def test_the_table_of_the_pushing_world_has_paths(keyin: Keyin, tmp_path: Path) -> None:
    few = ("--seeds", "1", "--sequences", "2", "--samples", "2", "--baseline", "surprise", "--set", "data.n=60")
    done = keyin("table", "recipes/tiny/pushing.yaml", *few, "--out", "released", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    demonstrations, *sampled = result["paths"]
    assert [each["method"] for each in sampled] == ["keyin", "surprise"]
    assert demonstrations["left"] + demonstrations["right"] == 1
    assert demonstrations["inside_wall"] == demonstrations["overlapping_wall"] == demonstrations["unseen"] == 0
    assert result["figures"][-1] == "released/paths.png"
    with Image.open(tmp_path / "released/paths.png") as picture:
        assert picture.width > 1.5 * picture.height
    assert any(line.startswith("| paths | left | right |") for line in markdown(result))


def test_what_is_published_is_not_trained_again(keyin: Keyin, tabled: tuple[Path, Any], tmp_path: Path) -> None:
    """Where the runs are gone, one stage is removed, and it alone is trained, on the published stage 1; the rows are the same."""
    path, result = tabled
    shutil.copytree(path / "artifacts/data", tmp_path / "artifacts/data")
    shutil.copytree(path / "released", tmp_path / "released")
    shutil.rmtree(tmp_path / "released" / "jumpy")
    done = keyin(*TABLE, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert sorted(folder.name for folder in (tmp_path / RUN).iterdir() if folder.is_dir()) == ["interpolator", "jumpy"]
    for row, before in zip(again["rows"], result["rows"], strict=True):
        if row["method"] != "jumpy":
            assert row == before
