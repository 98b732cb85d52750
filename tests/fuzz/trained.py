"""Templates: trained, half trained, published and planned things, as commands leave them, of tiny settings."""

from __future__ import annotations

import inspect
import json
import os
import shutil
from pathlib import Path
from typing import Any

from fuzz.bench import Bench, template
from fuzz.starts import DATA, RECIPE, SMALL

RELEASED = Path(__file__).parents[2] / "artifacts" / "released" / "brownian"
HALF, HALF_RECIPE = "artifacts/runs/half", "half.yaml"
TABLE = "artifacts/table"
WEIGHTS, PLANS = "p", "artifacts/runs/planning"
PLAN = ("plan", "--ckpt", WEIGHTS, "--method", "tap", "--method", "keyin", "--episodes", "2", "--workers", "1", "--pictures", "0")
LINES = 20  # sequences of a table
SHORT = {"steps": 2, "samples": 4, "iterations": 1, "horizon": 2}


def plans_short() -> None:
    """In the process of a command: plan with next to no samples."""
    from keyin_cli.planning.proposal import Search
    from keyin_cli.planning.servos.servo import Settings

    for kind in (Search, Settings):
        names = [name for name, each in inspect.signature(kind).parameters.items() if each.default is not inspect.Parameter.empty]
        before: Any = kind.__init__.__defaults__  # type: ignore[misc]
        kind.__init__.__defaults__ = tuple(  # type: ignore[misc]
            SHORT.get(name, value) for name, value in zip(names, before, strict=True)
        )


def _stops_early() -> None:
    """In the process of a command: stop training after 3 steps, as a signal does."""
    from keyin_cli import distributed

    steps = iter(range(10**6))
    distributed.anywhere = lambda *_: next(steps) == 2  # type: ignore[assignment]


@template("half")
def _half(bench: Bench) -> None:
    """Data, a run with a finished stage 1, and a stage 2 that was stopped at step 3 of 6."""
    bench.copy("small", RECIPE, DATA)
    often = "log_every: 1, validate_every: 2, checkpoint_every: 2"
    written = SMALL.replace("train: {objective: search, steps: 2", f"train: {{objective: search, {often}, steps: 6")
    (bench.folder / HALF_RECIPE).write_text(written)
    made = bench.keyin("pretrain-interp", HALF_RECIPE, "--out", HALF, seconds=120)
    assert made.code == 0, made.err
    made = bench.keyin("train", HALF_RECIPE, "--out", HALF, seconds=120, prepare=_stops_early)
    assert made.code == 130, made.err
    assert (bench.folder / HALF / "keyin/checkpoints/latest").read_text() == "step-000000003"


@template("table")
def _table(bench: Bench) -> None:
    """The published weights and results of Brownian motion, and lines of sequences such as a table leaves."""
    folder = bench.folder / TABLE
    folder.mkdir(parents=True)
    for name in ("manifest.json", "eval_f1.json", "table.json", "shifts.json", "keyin-strip.png", "paths.png"):
        if (RELEASED / name).is_file():
            shutil.copy(RELEASED / name, folder)
    for stage in ("interpolator", "keyin", "surprise"):
        shutil.copytree(RELEASED / stage, folder / stage)
    methods = [row["method"] for row in json.loads((RELEASED / "table.json").read_text())["rows"]]
    keyframes = {method: [3 + place, 10, 17, 25] for place, method in enumerate(methods[:5])}
    lines = ({"sequence": 10 + each, "keyframes": keyframes, "true": [3, 10, 16, 25]} for each in range(LINES))
    (folder / "sequences.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@template("plans")
def _plans(bench: Bench) -> None:
    """Untrained weights of the pushing world, and plans with them."""
    if (child := os.fork()) == 0:
        code = 1
        try:
            from small_pushing import save

            save(bench.folder / WEIGHTS)
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    made = bench.keyin(*PLAN, seconds=300, prepare=plans_short)
    assert made.code == 0, made.err


EVIL = "</script><script>window.hacked=1</script>\x1b[31m<img src=x onerror=window.hacked=1>\u202e"


@template("pages")
def _pages(bench: Bench) -> None:
    """One of every thing that pages show, small and full of foreign names, and labels of people in every format."""
    import report_pieces as pieces
    from lerobot_files import write_dataset

    from keyin_cli.discovery.exports.label_studio import TIMELINE

    here = Path.cwd()
    os.chdir(bench.folder)  # so that files name each other from there
    try:
        folder = Path()
        pieces.episodes(folder, names=("cup", EVIL))
        pieces.found(folder, names=("cup", EVIL))
        pieces.evidence(folder)
        pieces.evaluation(folder)
        pieces.training(folder)
        pieces.planned(folder)
        write_dataset(folder / "cubes")
    finally:
        os.chdir(here)
    told = {"source": "cubes", "episodes": [{"episode": at, "name": f"episode {at}", "keyframes": [1, 2]} for at in range(3)]}
    (bench.folder / "cubes.json").write_text(json.dumps(told))
    (bench.folder / "labels.csv").write_text("episode,name,keyframe,seconds\n0,a,1,0.1\n0,a,2,0.2\n2,b,1,0.1\n")
    results = [{"from_name": TIMELINE, "type": "timelinelabels", "value": {"ranges": [{"start": 2, "end": 2}]}}]
    tasks = [{"id": 1, "data": {"episode": 0}, "annotations": [{"id": 7, "result": results}], "predictions": []}]
    (bench.folder / "labels.json").write_text(json.dumps(tasks))
