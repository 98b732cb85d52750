"""How long the steps of a recipe take on the device that is there, in float32, bfloat16 and compiled.

    python benchmarks/gpu.py brownian-paper --out gpu.json

A few hundred steps of each stage are trained as `keyin train` does: batches are made ahead and copied while the device computes,
then forward, backward, clipping, Adam and the check for NaN. The rest of the recipe's steps is extrapolated; what comes before
them (making the dataset, encoding it, the search) is not in it, nor are validation and checkpoints. Frames are noise of the
recipe's shape and weights are fresh, so stage 2 decodes every generated frame. The first steps, in which torch compiles and
chooses its kernels, are not counted but reported.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from gen_data import cpu

from keyin_cli import storage
from keyin_cli.devices import describe, peak_memory, pick_device
from keyin_cli.methods.registry import stage as spec
from keyin_cli.recipe import load
from keyin_cli.training.engine import training_forward
from keyin_cli.training.estimate import fresh
from keyin_cli.training.prefetch import Prefetch
from keyin_cli.training.step import Update, part_of

STAGES = ("interpolator", "keyin")
MODES = {
    "float32": [],
    "bfloat16": ["precision=bfloat16"],
    "float32-compiled": ["compile=true"],
    "bfloat16-compiled": ["precision=bfloat16", "compile=true"],
}


def measure(name: str, stage: str, mode: str, overrides: list[str], steps: int, warm: int) -> dict[str, Any]:
    """One row of the table: `steps` steps of a stage after `warm` that are not counted."""
    recipe = load(name, [*overrides, *MODES[mode]])
    device = pick_device(recipe.device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    work = fresh(recipe, spec(stage), device)[0]
    work.begin()
    update = Update(work, training_forward(work, device), device)
    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Prefetch(lambda step: part_of(work, step, device), range(warm + steps)) as parts,
    ):
        for step, part in enumerate(parts):
            if step == warm:  # an update ends when the device is done
                begun, waited = time.perf_counter(), parts.waited
            update(step, part, Path(folder))
        ended = time.perf_counter()
    each = (ended - begun) / steps
    row = {
        "recipe": name,
        "stage": stage,
        "mode": mode,
        "batch": work.schedule.batch,
        "steps_per_second": round(1 / each, 2),
        "recipe_steps": work.schedule.steps,
        "minutes": round(each * work.schedule.steps / 60, 1),
        "waiting": round((parts.waited - waited) / (ended - begun), 4),
        "first_seconds": round(begun - started, 1),
        **peak_memory(device),
    }
    shown = f"{row['steps_per_second']:8.2f} {row['recipe_steps']:8d} {row['minutes']:9.1f} {row['waiting']:8.1%}"
    print(f"{name:20s} {stage:13s} {mode:18s} {shown} {row['first_seconds']:8.1f}", flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=["brownian-paper"], help="recipes (default: brownian-paper)")
    parser.add_argument("--steps", type=int, default=300, help="timed steps of each stage (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=20, help="steps before them (default: %(default)s)")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES), help="what to measure (default: all)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipes")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    given = parser.parse_args()
    print(f"{'':53s} {'steps/s':>8s} {'steps':>8s} {'minutes':>9s} {'waiting':>8s} {'first s':>8s}")
    rows = [
        measure(name, stage, mode, given.set, given.steps, given.warm)
        for name in given.recipes
        for stage in STAGES
        for mode in given.modes
    ]
    for name in given.recipes:
        for mode in given.modes:
            minutes = sum(row["minutes"] for row in rows if (row["recipe"], row["mode"]) == (name, mode))
            print(f"{name}, {mode}: both stages {minutes:.0f} minutes")
    if given.out:
        device = pick_device(load(given.recipes[0], given.set).device)
        own = {"rows": rows, "steps": given.steps, "warm": given.warm, "device": describe(device), "cpu": cpu()}
        command = " ".join(["python", "benchmarks/gpu.py", *sys.argv[1:]])
        storage.write_json(given.out, own | storage.provenance() | {"command": command})


if __name__ == "__main__":
    main()
