"""From a recipe to a table and pictures, by the real commands."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from PIL import Image
from processes import DATA, RECIPE, RUN, Keyin, printed
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

METHODS = ["keyin", "keyin+refine", "search", "constant", "uniform", "random"]
LAST = 30  # the last frame, in which no keyframe is scored
LIMIT = 40  # sequences evaluated


@pytest.fixture(scope="module")
def evaluation(keyin: Keyin, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The directory of an evaluation of the tiny run, and what it printed."""
    out = tmp_path_factory.mktemp("evaluation") / "out"
    return out, printed(keyin("eval-f1", "--ckpt", RUN, "--limit", str(LIMIT), "--out", out, "--json", cwd=tiny))


@pytest.fixture(scope="module")
def own(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset as a stranger would make it: only frames."""
    path = tmp_path_factory.mktemp("own") / "own.zarr"
    frames = np.asarray(zarr.open_group(tiny / DATA, mode="r")["frames"][:60])
    zarr.create_group(path).create_array("frames", data=frames)
    return path


def looks_like_a_picture(path: Path) -> bool:
    with Image.open(path) as image:
        low, high = image.convert("L").getextrema()
        return image.width > 300 and image.height > 200 and high - low > 100


# ---------------------------------------------------------------- training


def test_train_prints_its_result(tiny: Path) -> None:
    result = json.loads((tiny / "train.json").read_text())
    assert {"path", "steps", "seconds", "steps_per_second", "weights_sha256", "metrics"} <= set(result)
    assert (result["path"], result["steps"]) == (str(RUN / "keyin"), 40)
    assert np.isfinite(list(result["metrics"].values())).all()
    for stage in ("interpolator", "keyin"):
        assert {file.name for file in (tiny / RUN / stage).iterdir()} == {
            "manifest.json",
            "metrics.jsonl",
            "weights.safetensors",
        }


def test_training_again_changes_nothing(keyin: Keyin, tiny: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in tiny.rglob("*") if file.is_file()}
    done = keyin("train", RECIPE, "--json", cwd=tiny)
    assert f"{RUN / 'keyin'}: already trained" in done.stderr
    assert printed(done)["weights_sha256"] == json.loads((tiny / "train.json").read_text())["weights_sha256"]
    assert {file: file.stat().st_mtime_ns for file in tiny.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (("gen-data", "brownian"), {"arrays"}),
        (("pretrain-interp", RECIPE), {"shapes", "parameters", "steps"}),
        (("train", RECIPE), {"shapes", "parameters", "steps"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_dry_run_writes_nothing(command: tuple[str, ...], keys: set[str], here: Keyin, tmp_path: Path) -> None:
    plan = printed(here(*command, "--dry-run", "--json", cwd=tmp_path))
    assert {"recipe", "bytes", "seconds"} | keys <= set(plan)
    assert plan["bytes"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_shows_the_recipe_that_is_trained(here: Keyin, tmp_path: Path) -> None:
    lines = here("baseline", "static", RECIPE, "--dry-run", cwd=tmp_path).stdout.splitlines()
    assert "    kind: static" in lines  # of the offsets


def test_tensorboard(keyin: Keyin, tiny: Path, tmp_path: Path) -> None:
    done = keyin("pretrain-interp", RECIPE, "--out", tmp_path, "--set", "pretrain.steps=20", "--tensorboard", cwd=tiny)
    assert done.returncode == 0, done.stderr
    events = EventAccumulator(str(tmp_path / "interpolator" / "tensorboard")).Reload()
    rows = [json.loads(line) for line in (tmp_path / "interpolator" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [10, 20]
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [
        (row["step"], pytest.approx(row["loss"])) for row in rows
    ]


# ---------------------------------------------------------------- evaluation


def test_evaluation_prints_one_object(evaluation: tuple[Path, Any]) -> None:
    out, result = evaluation
    assert {"dataset", "split", "n", "rows", "figures"} <= set(result)
    assert (result["dataset"], result["split"], result["n"]) == (str(DATA), "test", LIMIT)
    assert [row["method"] for row in result["rows"]] == METHODS
    for row in result["rows"]:
        assert {"f1", "precision", "recall", "ci95", "keyframes_per_sequence"} <= set(row)
        for tolerance in ("0", "1", "2"):
            low, high = row["ci95"][tolerance]
            assert 0 <= low <= row["f1"][tolerance] <= high <= 1
        assert row["f1"]["0"] <= row["f1"]["1"] <= row["f1"]["2"]
    assert json.loads((out / "eval_f1.json").read_text()) == result


def test_evaluation_draws(evaluation: tuple[Path, Any]) -> None:
    out, result = evaluation
    names = {f"{method}-{picture}" for method in METHODS for picture in ("strip.png", "trajectories.png", "video.gif")}
    assert set(result["figures"]) == {str(out / picture) for picture in names}
    assert all(looks_like_a_picture(Path(picture)) for picture in result["figures"])


def test_sequences_add_up_to_the_table(evaluation: tuple[Path, Any]) -> None:
    out, result = evaluation
    lines = [json.loads(line) for line in (out / "sequences.jsonl").read_text().splitlines()]
    assert len({line["sequence"] for line in lines}) == len(lines) == LIMIT
    true = sum(len(line["true"]) for line in lines)
    for row in result["rows"]:
        named = sum(len(line["keyframes"][row["method"]]) for line in lines)
        assert row["keyframes_per_sequence"] == pytest.approx(named / LIMIT)
        scored = sum(time != LAST for line in lines for time in line["keyframes"][row["method"]])
        for tolerance in ("0", "1", "2"):
            matched = sum(line["matched"][row["method"]][tolerance] for line in lines)
            assert row["precision"][tolerance] == pytest.approx(matched / scored)
            assert row["recall"][tolerance] == pytest.approx(matched / true)


@pytest.mark.parametrize("kind", ["released directory", "weights file"])
def test_other_ways_to_name_a_checkpoint(
    kind: str, here: Keyin, tiny: Path, evaluation: tuple[Path, Any], tmp_path: Path
) -> None:
    released = tmp_path / "released"
    released.mkdir()
    shutil.copy(tiny / RUN / "keyin" / "weights.safetensors", released)
    checkpoint = released if kind == "released directory" else released / "weights.safetensors"
    arguments = ("--limit", str(LIMIT), "--selector", "keyin", "--out", tmp_path / "out", "--json")
    assert printed(here("eval-f1", "--ckpt", checkpoint, *arguments, cwd=tiny))["rows"] == evaluation[1]["rows"][:1]


def test_without_labels_keyframes_are_detected_and_drawn(here: Keyin, tiny: Path, own: Path, tmp_path: Path) -> None:
    arguments = ("--data", own, "--limit", "8", "--selector", "search", "--selector", "keyin", "--out", tmp_path)
    result = printed(here("eval-f1", "--ckpt", RUN, *arguments, "--json", cwd=tiny))
    assert result["n"] == 8
    assert [row["method"] for row in result["rows"]] == ["search", "keyin"]
    assert all(row[key] is None for row in result["rows"] for key in ("f1", "precision", "recall", "ci95"))
    assert all(row["keyframes_per_sequence"] > 0 for row in result["rows"])
    assert len(result["figures"]) == 6
    assert all(looks_like_a_picture(Path(picture)) for picture in result["figures"])
    first = json.loads((tmp_path / "sequences.jsonl").read_text().splitlines()[0])
    assert set(first) == {"sequence", "keyframes"}


def test_training_on_your_own_videos(keyin: Keyin, own: Path, tmp_path: Path) -> None:
    data = f"data={{kind: zarr, path: {own}, frames: 35, height: 32, width: 32, channels: 1}}"
    result = printed(keyin("pretrain-interp", RECIPE, "--set", data, "--set", "pretrain.steps=4", "--json", cwd=tmp_path))
    assert result["steps"] == 4
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["runs"]  # nothing was generated


def test_labels_are_never_trained_on(keyin: Keyin, own: Path, tmp_path: Path) -> None:
    """In no phase: without labels and with noise for labels the weights are the same, and the search is its own teacher."""
    noisy = Path(shutil.copytree(own, tmp_path / "noisy.zarr"))
    frames = zarr.open_group(noisy, mode="r")["frames"]
    labels = np.random.default_rng(0).random(frames.shape[:2]) < 0.2
    zarr.open_group(noisy, mode="r+").create_array("keyframes", data=labels)
    objectives = ("search", "description", "marginal", "soft-embeddings", "soft-pixels")
    phases = ", ".join(f"{{objective: {objective}, steps: 4, batch: 8, sequences: 200}}" for objective in objectives)
    steps = ("--set", f"train={{phases: [{phases}]}}", "--set", "pretrain.steps=20")
    results = []
    for data in (own, noisy):
        section = f"data={{kind: zarr, path: {data}, frames: 35, height: 32, width: 32, channels: 1}}"
        out = tmp_path / data.stem
        results.append(printed(keyin("train", RECIPE, "--set", section, *steps, "--out", out, "--json", cwd=tmp_path)))
        assert list((out / "interpolator" / "targets").rglob("*.safetensors"))
    assert results[0]["weights_sha256"] == results[1]["weights_sha256"]
    assert results[0]["metrics"]["val/nats"] > 0
    assert results[0]["steps"] == 20


def test_a_table_for_a_person(here: Keyin, tiny: Path, own: Path, tmp_path: Path) -> None:
    arguments = ("--data", own, "--limit", "4", "--selector", "random", "--out", tmp_path)
    done = here("eval-f1", "--ckpt", RUN, *arguments, cwd=tiny)
    assert done.returncode == 0, done.stderr
    assert "random" in done.stdout
    assert "no labels" in done.stdout
    assert f"picture: {tmp_path / 'random-strip.png'}" in done.stdout.splitlines()


# ---------------------------------------------------------------- info, recipes, doctor


@pytest.mark.parametrize(
    ("target", "kind", "command"),
    [
        (DATA, "dataset", f"keyin train {RECIPE} --json"),
        (RUN / "interpolator", "run interpolator", f"keyin train {RECIPE} --json"),
        (RUN / "keyin" / "weights.safetensors", "run keyin", f"keyin train {RECIPE} --json"),
        (Path(RECIPE), "recipe", None),
    ],
    ids=str,
)
def test_info(target: Path, kind: str, command: str | None, here: Keyin, tiny: Path) -> None:
    path = target if (tiny / target).exists() else Path(__file__).parents[2] / target
    result = printed(here("info", path, "--verify", "--json", cwd=tiny))
    assert set(result) == {"kind", "path", "recipe", "inputs", "created_by", "verified"}
    assert (result["kind"], result["path"], result["created_by"]) == (kind, str(path), command)
    assert result["verified"] is True
    assert result["recipe"]


def test_info_on_an_evaluation(here: Keyin, tiny: Path, evaluation: tuple[Path, Any]) -> None:
    result = printed(here("info", evaluation[0], "--verify", "--json", cwd=tiny))
    trained = json.loads((tiny / "train.json").read_text())
    assert result["kind"] == "evaluation"
    assert result["inputs"]["keyin"] == {
        "path": str(RUN / "keyin" / "weights.safetensors"),
        "sha256": trained["weights_sha256"],
    }
    assert result["inputs"]["dataset"]["path"] == str(DATA)
    assert result["verified"] is None


def test_info_for_a_person(here: Keyin, tiny: Path) -> None:
    lines = here("info", DATA, cwd=tiny).stdout.splitlines()
    assert any("2,400 of 35 frames 32x32x1" in line for line in lines)
    assert "verified    not checked, see --verify" in lines


def test_recipes(here: Keyin, tmp_path: Path) -> None:
    listed = printed(here("recipes", "list", "--json", cwd=tmp_path))
    folder = Path(listed["folder"])
    names = [row["name"] for row in listed["recipes"]]
    assert {f"{name}.yaml" for name in names} == {str(path.relative_to(folder)) for path in folder.rglob("*.yaml")}
    assert "tiny/brownian" in names
    assert all(row["about"] for row in listed["recipes"])
    assert printed(here("recipes", "validate", *names, "--json", cwd=tmp_path)) == {"valid": names}

    shown = printed(here("recipes", "show", "tiny/brownian", "--set", "train.lr=1e-4", "--json", cwd=tmp_path))
    assert (shown["train"]["phases"][0]["lr"], shown["window"]["keyframes"]) == (1e-4, 6)

    copied = printed(here("recipes", "copy", "tiny/brownian", "mine.yaml", "--json", cwd=tmp_path))
    assert copied == {"source": str(folder / "tiny" / "brownian.yaml"), "path": "mine.yaml"}
    assert (tmp_path / "mine.yaml").read_text() == (folder / "tiny" / "brownian.yaml").read_text()
    assert here("recipes", "validate", "mine.yaml", cwd=tmp_path).stdout == "mine.yaml: valid\n"


def test_doctor(keyin: Keyin, tmp_path: Path) -> None:
    checks = printed(keyin("doctor", "--json", cwd=tmp_path))["checks"]
    rows = {row["name"].split()[0]: row for row in checks}
    assert set(rows) == {"python", "torch", "device", "egl", "osmesa", "glfw", "disk", "memory"}
    assert rows["python"]["ok"]
    assert rows["torch"]["ok"]
    assert all(row["found"] for row in checks)
    assert all(bool(row["advice"]) != row["ok"] for row in checks)
    assert list(tmp_path.iterdir()) == []
