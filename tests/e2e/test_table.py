"""`keyin baseline` and `keyin table`: every row, from one command, twice the same."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from processes import RECIPE, RUN, Keyin, complaint

from keyin_cli.commands.table import markdown
from keyin_cli.figures import BLUE, RED
from keyin_cli.methods.registry import colours as method_colours
from keyin_cli.training.loop import verify_weights

TABLE = ("table", RECIPE, "--seeds", "2", "--sequences", "3", "--samples", "3", "--out", "released")
VARIANTS = ["jumpy", "static", "soft-embeddings", "soft-pixels"]
METHODS = ["keyin", "keyin+refine", "search", "surprise", *VARIANTS, "constant", "random"]


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
    assert len(rows["keyin"]["seeds"]["f1"]) == 2
    seeds = rows["keyin"]["seeds"]
    assert seeds["f1"][0] == rows["keyin"]["f1"]["0"]
    assert seeds["std"] == pytest.approx(abs(seeds["f1"][0] - seeds["f1"][1]) / 2**0.5)  # of a sample of two
    half = json.loads((path / "artifacts/runs/tiny-brownian-seed1/half/keyin/manifest.json").read_text())
    assert half["halved_from"] != half["weights_sha256"]  # every seed is judged in the precision of what is published
    assert all("seconds" in rows[name] for name in METHODS if name not in ("constant", "random"))
    assert 0 < rows["random"]["expected_f1"] < 0.4
    assert [row["method"] for row in result["quality"]] == ["keyin", "surprise", "jumpy"]
    assert all(row["best"]["psnr"] > 0 for row in result["quality"])
    assert json.loads((path / "released" / "table.json").read_text()) == result


def test_pictures_compare_the_models(tabled: tuple[Path, Any]) -> None:
    path, result = tabled
    assert result["figures"][-2:] == ["released/comparison.png", "released/curves.png"]
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
    again = json.loads(keyin(*args, cwd=path).stdout)
    assert again["rows"][0]["f1"] == result["rows"][0]["f1"]


def test_it_is_printed_as_markdown(tabled: tuple[Path, Any]) -> None:
    lines = markdown(tabled[1])
    assert lines[0].startswith("| method | F1 | 95 % interval |")
    assert [line.split(" | ")[0] for line in lines[2 : 2 + len(METHODS)]] == [f"| {method}" for method in METHODS]
    assert any(line.startswith("KeyIn over 2 training seeds:") for line in lines)


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
    line = "keyin: no baseline oracle: there are surprise, jumpy, static, soft-embeddings, soft-pixels, tap"
    assert complaint(here("baseline", "oracle", RECIPE, cwd=tmp_path)) == line


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
