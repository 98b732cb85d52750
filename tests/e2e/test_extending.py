"""The files of docs/extending.md, installed as a package of others, are in every list and command without a line here."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from pages import ROOT, commands, smaller
from processes import DATA, RECIPE, RUN, Keyin, complaint, printed
from safetensors import safe_open

PAGE = ROOT / "docs" / "extending.md"
GROUPS = {"methods": ("middle", "linear"), "datasets": ("blinking",), "servos": ("greedy",)}
STEPS = ("--set", "linear.steps=12")


def files() -> dict[str, str]:
    return dict(re.findall(r"^<!-- file: (\w+)\.py -->\n```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds the package as pip would install it."""
    path = tmp_path_factory.mktemp("site")
    (path / "extras").mkdir()
    (path / "extras" / "__init__.py").touch()
    for name, content in files().items():
        (path / "extras" / f"{name}.py").write_text(content)
    info = path / "extras-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extras\nVersion: 1.0\n")
    lines = [line for group, names in GROUPS.items() for line in (f"[keyin.{group}]", *(f"{n} = extras.{n}" for n in names))]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def extended(keyin: Keyin, site: Path) -> Keyin:
    paths = os.pathsep.join((str(site), str(ROOT)))
    return lambda *args, cwd, **environment: keyin(*args, cwd=cwd, PYTHONPATH=paths, **environment)


def test_each_file_is_short() -> None:
    assert set(files()) == {name for names in GROUPS.values() for name in names}
    assert all(content.count("\n") <= 40 for content in files().values())


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("baseline", "linear"),
        ("eval-f1", "middle"),
        ("plan", "middle"),
        ("plan", "greedy"),
        ("gen-data", "blinking"),
        ("table", "linear"),
    ],
)
def test_help_lists_them_without_running_them(command: str, name: str, extended: Keyin, here: Keyin, tmp_path: Path) -> None:
    done = extended(command, "--help", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert name in done.stdout
    assert name not in here(command, "--help", cwd=tmp_path).stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert not loaded & {"torch", "numpy", f"extras.{name}"}


@pytest.fixture(scope="module")
def trained(extended: Keyin, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the tiny run and the added baseline trained beside it."""
    path = tmp_path_factory.mktemp("extended")
    shutil.copytree(tiny / "artifacts", path / "artifacts")
    result = printed(extended("baseline", "linear", RECIPE, *STEPS, "--json", cwd=path))
    assert (result["path"], result["steps"]) == (str(RUN / "linear"), 12)
    return path


def test_the_baseline_is_evaluated_beside_all_others(trained: Path, extended: Keyin) -> None:
    ran = ("eval-f1", "--ckpt", RUN, "--limit", "6", "--out", "evaluation", "--json")
    rows = [row["method"] for row in printed(extended(*ran, cwd=trained))["rows"]]
    assert {"linear", "middle", "keyin", "search"} <= set(rows)
    assert rows[-2:] == ["linear", "middle"]  # what says no place comes last
    assert "finished" in extended("info", RUN / "linear", cwd=trained).stdout
    again = extended("baseline", "linear", RECIPE, *STEPS, cwd=trained)
    assert "already trained" in again.stderr


def test_weights_where_the_package_is_not_installed(
    trained: Path, extended: Keyin, here: Keyin, tiny: Path, tmp_path: Path
) -> None:
    """Its own are refused in one line; KeyIn's, whose recipe has a section of the package, are as good as any."""
    complaint(here("eval-f1", "--ckpt", RUN / "linear", cwd=trained), "no stage linear: ", "there are keyin, keyin-search")
    shutil.copytree(tiny / RUN / "interpolator", tmp_path / "interpolator")
    steps = ("--set", "train.steps=2", "--set", f"data.path={tiny / DATA}")
    printed(extended("train", RECIPE, *steps, "--out", tmp_path, "--json", cwd=tmp_path))
    with safe_open(tmp_path / "keyin" / "weights.safetensors", framework="np") as file:
        assert "linear" in json.loads(file.metadata()["keyin"])["recipe"]
    few = ("--selector", "keyin", "--limit", "2", "--out", tmp_path / "evaluation", "--json")
    assert printed(here("eval-f1", "--ckpt", tmp_path / "keyin", *few, cwd=tmp_path))["n"] == 2
    line = "no.price: unknown key"  # what `--set` says is not dropped
    complaint(here("eval-f1", "--ckpt", tmp_path / "keyin", *few, "--set", "no.price=1", cwd=tmp_path), line)


def test_the_commands_of_the_page(trained: Path, extended: Keyin) -> None:
    for command in commands(PAGE):
        done = extended(*smaller(command), cwd=trained)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    rows = {row["method"]: row for row in json.loads((trained / RUN / "table" / "table.json").read_text())["rows"]}
    assert {"linear", "middle"} <= set(rows)
    assert rows["linear"]["seconds"] > 0
    assert "seconds" not in rows["middle"]


def test_subgoals_and_actions_are_theirs(extended: Keyin, tmp_path: Path) -> None:
    arguments = ("--method", "middle", "--ckpt", "pushing", "--servo", "greedy", "--episodes", "1", "--pictures", "0")
    result = printed(extended("plan", *arguments, "--out", "planning", "--json", cwd=tmp_path))
    assert [(row["method"], row["servo"]) for row in result["rows"]] == [("middle", "greedy")]
    (line,) = [json.loads(each) for each in (tmp_path / "planning" / "middle" / "episodes.jsonl").read_text().splitlines()]
    assert len(line["subgoals"]) == 2


def test_their_data_are_generated_and_trained_on(extended: Keyin, tmp_path: Path) -> None:
    made = printed(extended("gen-data", "blinking", "--n", "1200", "--json", cwd=tmp_path))
    info = printed(extended("info", made["path"], "--verify", "--json", cwd=tmp_path))
    assert (info["verified"], info["recipe"]["chance"]) == (True, 0.15)
    data = ("--set", "data={kind: blinking, n: 1200}", "--set", "pretrain.steps=4")
    assert printed(extended("pretrain-interp", RECIPE, *data, "--json", cwd=tmp_path))["steps"] == 4


def test_a_package_that_cannot_be_loaded_is_one_line(site: Path, keyin: Keyin, tmp_path: Path) -> None:
    broken = shutil.copytree(site, tmp_path / "site")
    (broken / "extras" / "middle.py").write_text("import something_that_is_not_there\nMETHOD = None\n")
    assert keyin("--help", cwd=tmp_path, PYTHONPATH=str(broken)).returncode == 0
    done = keyin("plan", "--method", "middle", "--episodes", "1", cwd=tmp_path, PYTHONPATH=str(broken))
    assert (done.returncode, done.stdout) == (2, "")
    assert [line for line in done.stderr.splitlines() if line.startswith("keyin: ")] == done.stderr.splitlines()
