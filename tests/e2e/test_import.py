"""Demonstrations of others by the real commands: imported, looked at, trained on and scored."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import Keyin, complaint, printed
from safetensors.numpy import load_file

from keyin_cli.datasets.brownian import BrownianData, draw, simulate
from keyin_cli.datasets.episodes.windows import starts

LENGTHS = (70, 36, 20, 90, 40, 50, 35, 45, 60, 38, 41)
RECIPE = """
name: mine
data: {kind: episodes, path: mine.zarr, frames: 35, height: 32, width: 32, channels: 3, stride: 4}
model: {codec: {kind: mlp, embedding: 16, hidden: [32]}, lstm: {layers: 2, units: 16}, latent: 4}
pretrain: {steps: 8, batch: 8}
train: {phases: [{objective: marginal, steps: 4, batch: 8}, {objective: soft-pixels, steps: 4, batch: 8}]}
discovery: {calibration: 8}
"""


@pytest.fixture(scope="module")
def imported(keyin: Keyin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with demonstrations.npz, episodes of Brownian motion with labels, and mine.zarr made from it."""
    folder = tmp_path_factory.mktemp("import")
    made = simulate(BrownianData(), np.arange(len(LENGTHS) * 3))
    grey, labels = draw(BrownianData(), made.states), made.keyframes
    pieces = [
        (grey[3 * i : 3 * i + 3].reshape(-1, 32, 32, 1)[:n], labels[3 * i : 3 * i + 3].ravel()[:n]) for i, n in enumerate(LENGTHS)
    ]
    frames = np.concatenate([each for each, _ in pieces]).repeat(3, axis=-1)
    arrays = {"frames": frames, "keyframes": np.concatenate([each for _, each in pieces]), "fps": np.array(20.0)}
    np.savez(folder / "demonstrations.npz", episode_ends=np.cumsum(LENGTHS), **arrays)
    result = printed(keyin("import", "demonstrations.npz", "--out", "mine.zarr", "--size", "32", "--json", cwd=folder))
    assert (result["episodes"], result["frames"], result["fps"], result["labels"]) == (len(LENGTHS), sum(LENGTHS), 20, True)
    return folder


def test_info(here: Keyin, imported: Path) -> None:
    result = printed(here("info", "mine.zarr", "--verify", "--figures", "--json", cwd=imported))
    assert (result["kind"], result["verified"]) == ("episodes", True)
    assert result["created_by"].startswith("keyin import demonstrations.npz")
    (sheet,) = result["figures"]
    with Image.open(imported / sheet) as image:
        assert image.width > 1000
    lines = here("info", "mine.zarr", cwd=imported).stdout.splitlines()
    assert "episodes    11 of 20 to 90 frames 32x32x3" in lines
    assert "labels      yes" in lines


def test_windows_are_trained_on_and_scored(keyin: Keyin, imported: Path) -> None:
    (imported / "mine.yaml").write_text(RECIPE)
    assert printed(keyin("train", "mine.yaml", "--json", cwd=imported))["steps"] == 8
    arguments = ("--ckpt", "artifacts/runs/mine", "--selector", "keyin", "--selector", "search", "--split", "all", "--json")
    result = printed(keyin("eval-f1", *arguments, cwd=imported))
    assert [row["method"] for row in result["rows"]] == ["keyin", "search"]
    assert result["n"] == sum(len(range(0, n - 34, 4)) + bool((n - 35) % 4) for n in LENGTHS if n >= 35)
    assert all(row["f1"]["0"] > 0 for row in result["rows"])


def test_imported_again_is_there_already(here: Keyin, imported: Path) -> None:
    again = printed(here("import", "demonstrations.npz", "--out", "mine.zarr", "--size", "32", "--json", cwd=imported))
    assert again["sha256"] == json.loads((imported / "mine.zarr" / "zarr.json").read_text())["attributes"]["sha256"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("nowhere",), ("nothing at nowhere: give a video",)),
        (("mine.yaml",), ("mine.yaml is in no format that is known: video",)),
        (("demonstrations.npz", "--format", "hologram"), ("no format hologram", "there are video")),
        (("demonstrations.npz", "--size", "0"), ("--size 0: expected a number of px",)),
        (("demonstrations.npz", "--size", "64x"), ("--size 64x",)),
        (("demonstrations.npz", "--crop", "1,2,3"), ("--crop 1,2,3: expected TOP,LEFT,HEIGHT,WIDTH",)),
        (("demonstrations.npz", "--fps", "0"), ("--fps 0: expected frames a second",)),
        (("demonstrations.npz", "--fps", "nan"), ("--fps nan",)),
        (("demonstrations.npz", "--episodes", "5"), ("--episodes 5: expected FROM:TO",)),
        (("demonstrations.npz", "--episodes", "5:2"), ("--episodes 5:2",)),
        (("demonstrations.npz", "--signals", "pose"), ("has no signal pose: there are none",)),
        (("demonstrations.npz", "--camera", "top"), ("has no camera top",)),
        (("demonstrations.npz", "--crop", "0,0,40,40"), ("in which 40x40 px from row 0 and column 0 do not lie",)),
        (("demonstrations.npz", "--out", "mine.zarr"), ("mine.zarr was imported differently", "--overwrite")),
        (("demonstrations.npz", "--out", "demonstrations.npz", "--overwrite"), ("was not made by keyin import",)),
    ],
    ids=lambda value: " ".join(value[1:]) if value[0].endswith(("npz", "where", "yaml")) else "",
)
def test_bad_input(arguments: tuple[str, ...], parts: tuple[str, ...], here: Keyin, imported: Path) -> None:
    (imported / "mine.yaml").write_text(RECIPE)
    complaint(here("import", *arguments, cwd=imported), *parts)
    assert not list((imported / "artifacts" / "data").glob("*.zarr"))


def test_damaged_attributes(here: Keyin, imported: Path) -> None:
    shutil.copytree(imported / "mine.zarr", imported / "other.zarr")
    file = imported / "other.zarr" / "zarr.json"
    tree = json.loads(file.read_text())
    told = {"manifest": [], "source": "\x1b[2J", "format": "\x1b[2J\nkeyin: x"}
    file.write_text(json.dumps(tree | {"attributes": tree["attributes"] | told}))
    lines = here("info", "other.zarr", cwd=imported).stdout.splitlines()
    assert "created by  unknown" in lines
    assert r"source      '\x1b[2J' ('\x1b[2J\nkeyin: x')" in lines
    again = ("import", "demonstrations.npz", "--out", "other.zarr", "--size", "32")
    complaint(here(*again, cwd=imported), "other.zarr was imported differently")
    file.write_text(json.dumps(tree | {"attributes": tree["attributes"] | {"fps": "x"}}))
    complaint(here("info", "other.zarr", "--verify", cwd=imported), "its attribute fps is x, expected frames a second")
    assert printed(here(*again, "--overwrite", "--json", cwd=imported))["fps"] == 20


def test_a_recipe_whose_dataset_is_not_there(here: Keyin, imported: Path) -> None:
    (imported / "none.yaml").write_text(RECIPE.replace("mine.zarr", "none.zarr"))
    complaint(
        here("train", "none.yaml", cwd=imported), "no dataset at none.zarr: make one with `keyin import SOURCE --out none.zarr`"
    )


@pytest.fixture(scope="module")
def trained(keyin: Keyin, imported: Path) -> Path:
    (imported / "mine.yaml").write_text(RECIPE)
    assert keyin("train", "mine.yaml", cwd=imported).returncode == 0
    return imported


@pytest.mark.parametrize("method", ["search", "keyin"])
def test_keyframes_of_whole_episodes(method: str, keyin: Keyin, trained: Path) -> None:
    arguments = ("mine.zarr", "--ckpt", "artifacts/runs/mine", "--method", method, "--out", method, "--keyframes", "6")
    found = printed(keyin("find", *arguments, "--json", cwd=trained))
    assert found["method"] == method
    assert [episode["frames"] for episode in found["episodes"]] == list(LENGTHS)
    assert sum(len(episode["keyframes"]) for episode in found["episodes"]) <= 6 * len(LENGTHS)
    written = json.loads((trained / method / "keyframes.json").read_text())
    assert written == {key: value for key, value in found.items() if key not in ("path", "report")}
    assert (trained / found["report"]).read_text().startswith("<!doctype html>")
    evidence = load_file(trained / method / "evidence.safetensors")
    assert ("probability/0" in evidence) is (method == "keyin")
    for index, (length, episode) in enumerate(zip(LENGTHS, written["episodes"], strict=True)):
        assert evidence[f"cost/{index}"].shape == (length,)
        assert (evidence[f"cost/{index}"][1:] > 0).all()
        assert evidence[f"inpainted/{index}"].shape == (length, 32, 32, 3)
        assert all(0 < keyframe < length - 1 for keyframe in episode["keyframes"])
    exported = printed(keyin("export", f"{method}/keyframes.json", "--to", "csv", "--to", "images", "--json", cwd=trained))
    assert exported["episodes"] == 11


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (
            ("mine.zarr", "--method", "random"),
            ("no method that finds keyframes of whole episodes random", "there are keyin, search"),
        ),
        (("mine.zarr", "--keyframes", "0"), ("--keyframes 0: expected how many",)),
        (("mine.zarr", "--keyframes", "2", "--price", "3"), ("give one of them",)),
        (("mine.zarr", "--method", "keyin", "--price", "3"), ("--price is for search, keyin has none",)),
        (("mine.zarr", "--method", "search", "--keyframes", "0.5"), ("search finds at least", "ask for more than 0.5")),
        (("mine.zarr", "--out", "mine.yaml"), ("mine.yaml",)),
        (("none.mp4",), ("nothing at none.mp4: give a video",)),
    ],
    ids=lambda value: " ".join(value) if value[0].endswith(("zarr", "mp4")) else "",
)
def test_what_cannot_be_found(arguments: tuple[str, ...], parts: tuple[str, ...], here: Keyin, trained: Path) -> None:
    complaint(here("find", *arguments, "--ckpt", "artifacts/runs/mine", cwd=trained), *parts)
    assert not (trained / "artifacts" / "find").exists()


def test_labels_of_people_are_scored(keyin: Keyin, trained: Path) -> None:
    again = ("import", "demonstrations.npz", "--out", "people.zarr", "--size", "32", "--json")
    before = printed(keyin(*again, cwd=trained))
    (trained / "people.csv").write_text("episode,keyframe,who\n3,50,me\n")
    after = printed(keyin(*again, "--labels", "people.csv", cwd=trained))
    assert before["sha256"] != after["sha256"]
    assert printed(keyin("info", "people.zarr", "--verify", "--json", cwd=trained))["verified"]
    arguments = ("--ckpt", "artifacts/runs/mine", "--data", "people.zarr", "--split", "all", "--selector", "search")
    result = printed(keyin("eval-f1", *arguments, "--out", "people", "--json", cwd=trained))
    true = [json.loads(line)["true"] for line in (trained / "people" / "sequences.jsonl").read_text().splitlines()]
    begins = [(episode, int(begin)) for episode, n in enumerate(LENGTHS) for begin in starts(n, 35, 4)]
    # time 1 of a window is its sixth frame, time 30 its last, which has no label
    assert true == [[46 - begin] if episode == 3 and 16 < begin <= 45 else [] for episode, begin in begins]
    (row,) = result["rows"]
    assert row["f1"]["0"] is not None
