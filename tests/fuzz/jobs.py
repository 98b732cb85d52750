"""Commands that write something, small enough to be ended a thousand times, and what they leave when nothing ends them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from made import unlike

from fuzz.bench import Bench, template
from fuzz.case import problems
from fuzz.operations import Counter

RECIPE = """
name: small
data: {kind: brownian, path: data.zarr, n: 60}
model: {codec: {kind: mlp, embedding: 4, hidden: [8]}, lstm: {layers: 1, units: 8}, latent: 2}
pretrain: {steps: 4, batch: 4, log_every: 1, validate_every: 2, checkpoint_every: 2}
train: {steps: 4, batch: 4, log_every: 1, validate_every: 2, checkpoint_every: 2}
surprise: {steps: 4, batch: 4, log_every: 1, validate_every: 2, checkpoint_every: 2}
soft: {batch: 4}
discovery: {calibration: 4}
"""
LONG = 600  # seconds, for templates
LEFT, FIGURES = "left", "figures"  # of a job's template: what it leaves, and how long it takes
FOUND = ("d.npz", "small.zarr", "found")  # what is needed of the template of that name


@dataclass(frozen=True)
class Job:
    """A command, and which parts of the material it needs."""

    command: tuple[str, ...]
    needs: tuple[str, ...] = ()


DATA, RUN = ("r.yaml", "data.zarr"), ("r.yaml", "data.zarr", "run")
STAGE_1 = ("r.yaml", "data.zarr", "run/interpolator")
PLAN = ("plan", "--method", "random", "--pictures", "0", "--out", "planning", "--workers", "1")
JOBS = {
    "gen-data brownian": Job(("gen-data", "brownian", "--n", "60", "--out", "new.zarr", "--workers", "1")),
    "gen-data of two shards": Job(("gen-data", "brownian", "--n", "1040", "--out", "new.zarr", "--workers", "1")),
    "gen-data on two workers": Job(("gen-data", "brownian", "--n", "2040", "--out", "new.zarr", "--workers", "2")),
    "gen-data pushing": Job(("gen-data", "pushing", "--n", "4", "--out", "new.zarr", "--workers", "1")),
    "gen-data --overwrite": Job(
        ("gen-data", "brownian", "--n", "60", "--out", "data.zarr", "--workers", "1", "--overwrite"), DATA
    ),
    "import": Job(("import", "d.npz", "--out", "new.zarr", "--size", "16"), ("d.npz",)),
    "pretrain-interp": Job(("pretrain-interp", "r.yaml", "--out", "run"), DATA),
    "pretrain-interp from nothing": Job(("pretrain-interp", "r.yaml", "--out", "run"), ("r.yaml",)),
    "train": Job(("train", "r.yaml", "--out", "run"), STAGE_1),
    "train from data": Job(("train", "r.yaml", "--out", "run"), DATA),
    "train --overwrite": Job(("train", "r.yaml", "--out", "run", "--overwrite"), RUN),
    "baseline": Job(("baseline", "surprise", "r.yaml", "--out", "run"), DATA),
    "eval-f1": Job(("eval-f1", "--ckpt", "run", "--limit", "4", "--out", "evaluation", "--selector", "keyin"), RUN),
    "table": Job(
        ("table", "r.yaml", "--seeds", "1", "--sequences", "2", "--samples", "2", "--baseline", "static", "--out", "table"), DATA
    ),
    "plan": Job((*PLAN, "--episodes", "2")),
    "plan on two workers": Job((*PLAN[:-1], "2", "--episodes", "4")),
    "plan of two methods": Job((*PLAN, "--episodes", "1", "--method", "initial")),
    "find": Job(("find", "small.zarr", "--ckpt", "found/run", "--out", "found", "--overwrite"), ("small.zarr", "found")),
    "export": Job(("export", "found/keyframes.json", "--to", "csv", "--to", "vtt", "--out", "exported"), ("found",)),
    "export images": Job(
        ("export", "found/keyframes.json", "--to", "images", "--data", "small.zarr", "--out", "exported"), ("found", "small.zarr")
    ),
    "report": Job(("report", "found/keyframes.json", "--out", "page.html"), ("found", "small.zarr")),
    "recipes copy": Job(("recipes", "copy", "brownian", "mine.yaml")),
}


def again(bench: Bench, name: str) -> list[str]:
    """Run a job that was disturbed once more: what is wrong with how it ends, or with what is there then."""
    ended = bench.keyin(*JOBS[name].command)
    wrong = differences(bench, name)
    if ended.code == 2 and not wrong and not problems(ended):  # what is there already is not made again
        return []
    return problems(ended, refused=False) + wrong


def prepare(bench: Bench, name: str) -> None:
    """Put what a job needs into a bench's folder."""
    for each in JOBS[name].needs:
        bench.copy("found" if each in FOUND else "material", each)


def done(bench: Bench, name: str) -> Path:
    """A folder in which a job ran undisturbed."""
    return bench.template(f"job {name}") / LEFT


def took(bench: Bench, name: str) -> tuple[float, int]:
    """Seconds and operations on files of an undisturbed run."""
    seconds, operations = (bench.template(f"job {name}") / FIGURES).read_text().split()
    return float(seconds), int(operations)


def differences(bench: Bench, name: str) -> list[str]:
    """In what a bench's folder differs from one in which the job ran undisturbed, but for what it needs."""
    needed = [f"extra: {each}" for each in ("d.npz", "r.yaml")]
    return [line for line in unlike(bench.folder, done(bench, name)) if line not in needed]


@template("material")
def _material(bench: Bench) -> None:
    (bench.folder / "r.yaml").write_text(RECIPE)
    _source(bench.folder / "d.npz")
    _run(bench, "train", "r.yaml", "--out", "run")


@template("found")
def _found(bench: Bench) -> None:
    _source(bench.folder / "d.npz")
    _run(bench, "import", "d.npz", "--out", "small.zarr", "--size", "16")
    _run(bench, "find", "small.zarr", "--minutes", "0.1", "--out", "found")


def _source(file: Path) -> None:
    """Three episodes of a bar that turns back every 10 frames."""
    lengths = (40, 25, 31)
    place = np.concatenate([np.abs((np.arange(length) + 10) % 20 - 10) for length in lengths])
    frames = np.zeros((len(place), 16, 16, 3), np.uint8)
    frames[np.arange(len(place)), :, place] = 255
    np.savez(file, episode_ends=np.cumsum(lengths), frames=frames, fps=np.array(10.0))


def _run(bench: Bench, *command: str) -> None:
    ended = bench.keyin(*command, seconds=LONG)
    assert ended.code == 0, ended.err


def _make(name: str) -> None:
    @template(f"job {name}")
    def make(bench: Bench) -> None:
        (bench.folder / LEFT).mkdir()
        inside = replace(bench, folder=bench.folder / LEFT)
        prepare(inside, name)
        counter = Counter(inside.folder)
        ended = inside.start(*JOBS[name].command, prepare=counter.prepare).wait(LONG)
        assert ended.code == 0, ended.err
        inside.clear_printed()
        (bench.folder / FIGURES).write_text(f"{ended.seconds} {counter.count}")


for _name in JOBS:
    _make(_name)
