"""A table of trained methods: the same however it is run, and continued only with the same weights."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from distributed import LocalCluster
from PIL import Image
from small_pushing import RECIPE, save

from keyin_cli.errors import InputError
from keyin_cli.methods.entrants import entrants
from keyin_cli.model.keyin import KeyIn
from keyin_cli.model.weights import save_weights
from keyin_cli.names import proposing
from keyin_cli.planning import observe
from keyin_cli.planning.evaluate import Settings
from keyin_cli.planning.evaluate import plan as run_rows
from keyin_cli.planning.proposal import Search
from keyin_cli.planning.servos.servo import Settings as Servo

SETTINGS = Settings(
    episodes=3,
    servo=Servo(steps=4, samples=12, horizon=3, iterations=2),
    search=Search(samples=8, elite_fraction=0.25, iterations=2),
    workers=2,
)


def plan(rows: tuple[str, ...], ckpt: Path | None, settings: Settings, out: Path) -> dict[str, Any]:
    return run_rows(entrants(rows, ckpt), settings, out)


METHODS = ("initial", "random", "tap", "keyin+free+wall", "keyin")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with untrained weights of every stage that plans."""
    return save(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def planned(run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("planned")
    return out, plan(METHODS, run, SETTINGS, out)


def lines(out: Path, method: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (out / method / "episodes.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_rows_are_compared_with_keyin(planned: tuple[Path, dict[str, Any]], run: Path) -> None:
    out, result = planned
    rows = {row["method"]: row for row in result["rows"]}
    assert tuple(rows) == METHODS
    assert (rows["random"]["servo"], rows["tap"]["servo"]) == ("random", "cem")
    assert 0 <= rows["tap"]["copies_goal"] <= 1
    assert (rows["initial"]["servo"], rows["initial"]["error_over_initial"]) == ("still", pytest.approx(1))
    assert "against_keyin" not in rows["keyin"]
    other = rows["random"]["against_keyin"]
    assert other["error_difference"] == pytest.approx(rows["random"]["error_mean"] - rows["keyin"]["error_mean"])
    manifest = json.loads((out / "keyin" / "manifest.json").read_text())
    assert manifest["inputs"]["keyin"]["path"] == str(run / "keyin" / "weights.safetensors")
    assert manifest["recipe"]["search"]["samples"] == 8


@pytest.mark.parametrize("where", ["one worker", "dask"])
def test_the_same_with_one_worker_and_on_a_cluster(
    where: str, planned: tuple[Path, dict[str, Any]], run: Path, tmp_path: Path
) -> None:
    methods = ("keyin+free+wall",)
    if where == "dask":
        with LocalCluster(n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None) as cluster:
            plan(methods, run, replace(SETTINGS, dask=cluster.scheduler_address), tmp_path)
    else:
        plan(methods, run, replace(SETTINGS, workers=1), tmp_path)
    assert lines(tmp_path, *methods) == lines(planned[0], *methods)


def test_more_episodes_continue_what_is_there(planned: tuple[Path, dict[str, Any]], run: Path, tmp_path: Path) -> None:
    plan(("keyin",), run, replace(SETTINGS, episodes=1), tmp_path)
    plan(("keyin",), run, SETTINGS, tmp_path)
    assert lines(tmp_path, "keyin") == lines(planned[0], "keyin")


def test_other_weights_or_another_servo_do_not_continue_it(
    planned: tuple[Path, dict[str, Any]], run: Path, tmp_path: Path
) -> None:
    out, _ = planned
    torch.manual_seed(1)
    save_weights(tmp_path / "keyin" / "weights.safetensors", KeyIn(RECIPE), "keyin", RECIPE)
    with pytest.raises(InputError, match=r"was planned differently \(weights_sha256: "):
        plan(("keyin",), tmp_path, SETTINGS, out)
    with pytest.raises(InputError, match=r"was planned differently \(servo.name: cem -> icem\)"):
        plan(("keyin",), run, replace(SETTINGS, servo=replace(SETTINGS.servo, name="icem")), out)


def test_all_are_those_that_the_weights_allow(run: Path) -> None:
    assert list(entrants(("all",), run)) == proposing()
    assert list(entrants(("all",), None)) == ["initial", "random", "none", "oracle"]
    assert list(entrants(("none", "all"), run / "jumpy")) == ["initial", "random", "none", "jumpy", "oracle"]
    with pytest.raises(InputError, match=r"^keyin needs weights of `keyin train`"):  # named, so it is not left out
        entrants(("all", "keyin"), run / "jumpy")


def test_weights_below_the_working_directory_are_named_from_there(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run)
    plan(("keyin",), Path("keyin"), replace(SETTINGS, episodes=1), tmp_path)
    manifest = json.loads((tmp_path / "keyin" / "manifest.json").read_text())
    assert manifest["inputs"]["keyin"]["path"] == "keyin/weights.safetensors"


def test_a_goal_of_ones_own_is_everyones(run: Path, tmp_path: Path) -> None:
    Image.fromarray(observe.frames(np.array([[0.3, 0.6]]), np.zeros((1, 2)), 64)[0]).save(tmp_path / "goal.png")
    settings = replace(SETTINGS, goal=tmp_path / "goal.png", workers=1)
    plan(("random",), None, settings, tmp_path / "out")
    assert all(line["goal"] == pytest.approx([0.3, 0.6], abs=0.03) for line in lines(tmp_path / "out", "random"))
    with pytest.raises(InputError, match="oracle knows only the way to a task's own goal"):
        plan(("oracle",), None, settings, tmp_path / "out")
    with pytest.raises(InputError, match="was planned differently"):
        plan(("random",), None, replace(settings, goal=None), tmp_path / "out")


QUICK = replace(SETTINGS, workers=1, episodes=2)


def killed(monkeypatch: pytest.MonkeyPatch, out: Path, number: int) -> bool:
    """Plan in a process that dies before its `number`-th step that changes the disk; False when it has fewer."""
    left = [number]

    def stopping(step: Callable[..., None]) -> Callable[..., None]:
        def counted(*args: object, **keywords: object) -> None:
            left[0] -= 1
            if left[0] == -1:
                os._exit(9)
            step(*args, **keywords)

        return counted

    child = os.fork()
    if not child:
        for name in ("replace", "rename", "fsync", "mkdir"):
            monkeypatch.setattr(os, name, stopping(getattr(os, name)))
        plan(("initial",), None, QUICK, out)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_before_the_first_manifest_it_can_be_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(("initial",), None, QUICK, tmp_path / "whole")
    for number in range(8):
        out = tmp_path / str(number)
        assert killed(monkeypatch, out, number)
        plan(("initial",), None, QUICK, out)
        assert lines(out, "initial") == lines(tmp_path / "whole", "initial")
        assert sorted(each.name for each in (out / "initial").iterdir()) == ["episodes.jsonl", "manifest.json"]


def test_killed_after_the_last_episode_it_is_finished_the_next_time(tmp_path: Path) -> None:
    plan(("initial",), None, QUICK, tmp_path)
    file = tmp_path / "initial" / "manifest.json"
    whole = json.loads(file.read_text())
    begun = {key: value for key, value in whole.items() if key in ("kind", "recipe", "inputs", "command", "created")}
    file.write_text(json.dumps(begun))
    plan(("initial",), None, QUICK, tmp_path)
    again = json.loads(file.read_text())
    assert again.keys() == whole.keys()
    assert again["workers"] == 1
