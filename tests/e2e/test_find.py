"""`keyin find` from a source to a page: imports, makes a recipe, trains and finds; another number needs no new training."""

import json
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import yaml
from processes import Keyin, complaint, interrupt, printed, start

from keyin_cli.commands.find import remarks

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


def test_where_motion_rests_keyframes_are_the_last_frames_of_rests(keyin: Keyin, here: Keyin, source: Path) -> None:
    step = [1, 1, 1, 0, 0, 0]  # from each frame to the next, three times in an episode of 19
    place = np.concatenate([np.cumsum([0, *step * 3])] * 3)
    frames = np.zeros((len(place), 16, 16, 3), np.uint8)
    frames[np.arange(len(place)), :, place] = 255
    np.savez(source / "r.npz", frames=frames, episode_ends=np.array([19, 38, 57]), fps=np.array(10.0))
    done = keyin("find", "r.npz", *SHORT, cwd=source)
    assert "motion rests 2.0 times in an episode: found by rests" in done.stderr
    result = printed(done)
    assert (result["method"], result["settings"]) == ("rests", {"depth": 0.4})
    assert [episode["keyframes"] for episode in result["episodes"]] == [[5, 11]] * 3  # it does not move on after the third
    dear = printed(here("find", "r.npz", *SHORT, "--price", "1e9", "--overwrite", cwd=source))
    assert dear["method"] == "search"
    one = printed(here("find", "r.npz", *SHORT, "--method", "rests", "--keyframes", "1", "--overwrite", cwd=source))
    assert sum(len(episode["keyframes"]) for episode in one["episodes"]) <= 3


def test_too_many_keyframes_are_remarked() -> None:
    assert remarks(24, 96) == []
    (line,) = remarks(25, 96)
    assert line.startswith("that is more than every fourth frame: say with --keyframes how many you want")


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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_stopped_and_started_again(number: signal.Signals, keyin: Keyin, found: dict, source: Path, tmp_path: Path) -> None:
    """After training, before keyframes; the recipe is the same, whatever the machine does meanwhile."""
    folder = tmp_path / "artifacts" / "find" / "d"
    folder.mkdir(parents=True)
    shutil.copy(source / "artifacts/find/d/recipe.yaml", folder)
    shutil.copy(source / "d.npz", tmp_path)
    weights = folder / "run/interpolator/weights.safetensors"
    stopped = interrupt(("find", "d.npz", *SHORT), tmp_path, weights.is_file, number, group=False)
    assert (stopped.returncode, stopped.stdout) == (-9 if number is signal.SIGKILL else 130, "")
    if number is signal.SIGTERM:
        complaint(stopped, "stopped; what was finished is kept: run the same command again to continue", code=130)
    assert not (folder / "keyframes.json").exists()
    assert printed(keyin("find", "d.npz", *SHORT, cwd=tmp_path))["episodes"] == found["episodes"]


def test_two_at_once(source: Path, tmp_path: Path) -> None:
    """The second one waits for the first one's dataset, recipe and weights."""
    shutil.copy(source / "d.npz", tmp_path)
    both = [start(("find", "d.npz", *SHORT), tmp_path) for _ in range(2)]
    done = [(process.communicate(timeout=120), process.returncode) for process in both]
    assert [code for _, code in done] == [0, 0], done
    first, second = (json.loads(out) for (out, _), _ in done)
    assert (
        first
        == second
        == {"path": first["path"], "report": first["report"], **json.loads((tmp_path / first["path"]).read_text())}
    )
    assert sum("is used as it is" in err for (_, err), _ in done) == 1


def test_other_settings_are_never_mixed_with_what_is_there(found: dict, here: Keyin, source: Path) -> None:
    other = here("find", "d.npz", "--size", "8", "--overwrite", cwd=source)
    complaint(other, "was imported differently", "give another --out, or delete artifacts/find/d to begin anew")
    data = ("find", "artifacts/find/d/episodes.zarr", "--out", "artifacts/find/d", "--overwrite", "--size", "16")
    complaint(here(*data, "--signals", "state", cwd=source), "recipe.yaml sees images, other than --signals")
    recipe = source / "artifacts/find/d/recipe.yaml"
    made = recipe.read_text()
    recipe.write_text(re.sub("embedding: [0-9]+", "embedding: 8", made))
    changed = here("find", "d.npz", *SHORT, "--overwrite", cwd=source)
    complaint(changed, "was trained differently", "delete artifacts/find/d/run to begin anew")
    recipe.write_text("name: x\ndata: {kind: brownian}\n")
    complaint(here("find", "d.npz", *SHORT, "--overwrite", cwd=source), "frames of 16x16x3, the recipe knows 32x32x1")
    recipe.write_text(made)


@pytest.mark.parametrize("name", ["report.html", "evidence.safetensors"])
def test_what_others_put_there_is_left_alone(name: str, here: Keyin, source: Path) -> None:
    (source / name[:3]).mkdir()
    foreign = source / name[:3] / name
    foreign.write_text("mine")
    complaint(here("find", "d.npz", "--out", name[:3], *SHORT, cwd=source), name, "left alone")
    assert foreign.read_text() == "mine"
    assert list(foreign.parent.iterdir()) == [foreign]


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
        (("--ckpt", "none", "--signals", "state"), "leave them out with --ckpt"),
        (("--method", "keyin", "--price", "3"), "--price is for search, keyin has none"),
        (("--price", "inf"), "--price inf: expected nats"),
    ],
    ids=lambda value: re.sub(r"\W+", "-", " ".join(value)) if isinstance(value, tuple) else "",
)
def test_what_is_refused(arguments: tuple[str, ...], line: str, here: Keyin, source: Path) -> None:
    complaint(here("find", "d.npz", "--out", "refused", *arguments, "--size", "16", cwd=source), line)
