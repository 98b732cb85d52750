"""The training loop of every stage: resumes exactly, guards against NaN, saves on SIGINT and SIGTERM."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from keyin_cli import distributed, storage
from keyin_cli.devices import describe
from keyin_cli.errors import Different, InputError, Interrupted
from keyin_cli.interrupts import postponed
from keyin_cli.model.weights import are_recorded, read_weights, save_weights
from keyin_cli.progress import say, track
from keyin_cli.recipe import differences, digest, listed
from keyin_cli.training.checkpoint import load_checkpoint, load_moments, save_checkpoint
from keyin_cli.training.engine import forward, training_forward
from keyin_cli.training.phase import Phase, validate
from keyin_cli.training.prefetch import Prefetch
from keyin_cli.training.record import Record, tensorboard
from keyin_cli.training.spec import comparable
from keyin_cli.training.step import Update, part_of

KIND = "run"


def finished(run: Path, part: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of a finished run of the same recipe and inputs; None when it is unfinished or not begun.

    Raises:
        InputError: the run was begun with another recipe or on other data; the line names what differs. Or its weights are not
            those that it ended with.
    """
    if not (run / storage.MANIFEST).is_file():
        return None
    manifest = storage.read_manifest(run)
    old, new = ({name: value["sha256"] for name, value in tree.items()} for tree in (manifest["inputs"], inputs))
    changes = differences(comparable(manifest.get("part", {})), part) + differences(old, new, "inputs")
    if changes:
        raise Different(f"{run} was trained differently ({listed(changes)})")
    if "weights_sha256" not in manifest:
        return None
    if not verify_weights(run):
        raise InputError(f"{run / storage.WEIGHTS} is damaged, it is not what the run ended with: --overwrite to train again")
    return manifest


class Step(NamedTuple):
    """A step that was done. `done`: how many there are by now, through all phases; `ends`: it is the last of its phase."""

    phase: Phase
    update: Update
    done: int
    ends: bool
    row: dict[str, float]


def fit(
    phases: Sequence[Phase],
    run: Path,
    part: dict[str, Any],
    inputs: dict[str, Any],
    device: torch.device,
    preparation: float = 0.0,
    with_tensorboard: bool = False,
) -> dict[str, Any]:
    """Train a stage, phase after phase, to its last step, from its latest checkpoint when there is one.

    Steps are counted through all phases. Where there are several, a row of the metrics says which it is of, from 0 on.

    Args:
        run: the stage's directory; the first process alone writes to it.
        part: the keys of the recipe that decide the result, see `spec.StageSpec.part`.
        inputs: what it was trained from, `{name: {"path", "sha256"}}`.
        preparation: seconds that it took to make the stage; those of interrupted runs are added up.

    Returns:
        The run's manifest.

    Raises:
        Interrupted: SIGINT or SIGTERM came; a checkpoint was saved.
        RunError: the loss or its gradient is not finite; the batch was saved.
    """
    stage, checkpoints, writes = phases[0], run / storage.CHECKPOINTS, distributed.rank() == 0
    total, records = sum(phase.schedule.steps for phase in phases), stage.records
    state = {"step": 0, "seconds": 0.0, "waiting": 0.0, "peak_memory_bytes": 0} | load_checkpoint(checkpoints, stage.model, total)
    first = state["step"]
    rows = [row for row in storage.read_metrics(run) if row["step"] <= first]
    if first == total and (not rows or rows[-1]["step"] < total):
        raise InputError(f"{run / storage.METRICS} ends before the last step: start again with --overwrite")
    manifest = _manifest(phases, run, part, inputs, device, preparation)
    distributed.wait()  # nothing is written before everyone has read it
    if writes:
        storage.write_json(run / storage.MANIFEST, manifest)  # before all else: it says whose directory this is
        storage.write_lines(run / storage.METRICS, rows)
    if first:
        say(f"{run}: continuing from step {first}")

    with ExitStack() as stack:
        stopping = stack.enter_context(postponed())
        board = stack.enter_context(tensorboard(run)) if with_tensorboard and writes else None
        advance = stack.enter_context(track(stage.name, total, first))
        record = Record(run, state, device, board)
        for step in stack.enter_context(closing(_steps(phases, first, record))):
            row, done = step.row, step.done
            validated = step.ends or done % records.validate_every == 0
            if validated and writes:
                row |= {f"val/{name}": value for name, value in validate(step.phase, forward(step.phase, device)).items()}
            if (validated or done % records.log_every == 0) and writes:
                which = {"phase": phases.index(step.phase)} if len(phases) > 1 else {}
                record.write({"step": done, **which, **row})
            advance(1, f"loss {row['loss']:.2f}")
            stop = distributed.anywhere(bool(stopping), device)
            if (stop or step.ends or done % records.checkpoint_every == 0) and writes:
                save_checkpoint(checkpoints, done, stage.model, step.update.optimizer, record.spent())
            if stop:
                distributed.wait()  # for the checkpoint: torchrun ends everyone as soon as one has ended
                raise Interrupted(f"stopped at step {done} of {total}, saved in {checkpoints}: run the same command to continue")
        manifest |= {"steps": total, **record.spent(), "finished": storage.now()}
    if writes:
        manifest["weights_sha256"] = save_weights(run / storage.WEIGHTS, stage.model, stage.name, stage.recipe)
        final = storage.read_metrics(run)[-1]
        manifest["metrics"] = {name: value for name, value in final.items() if name.startswith("val/")}
        storage.write_json(run / storage.MANIFEST, manifest)
        storage.remove(checkpoints)
    distributed.wait()
    return storage.read_manifest(run)


def _steps(phases: Sequence[Phase], first: int, record: Record) -> Generator[Step]:
    """Do the steps from `first` on, each phase with an optimizer of its own."""
    run, device, after = record.run, record.device, 0
    for phase in phases:
        before, count = after, phase.schedule.steps
        after += count
        if first >= after:
            continue
        phase.begin()
        update, begin = Update(phase, training_forward(phase, device), device), max(first - before, 0)
        if begin:
            load_moments(run / storage.CHECKPOINTS, update.optimizer)
        with Prefetch(partial(part_of, phase, device=device), range(begin, count)) as parts, record.waiting_for(parts):
            for step, piece in enumerate(parts, start=begin):
                row = update(step, piece, run)
                yield Step(phase, update, before + step + 1, step + 1 == count, row)


def _manifest(
    phases: Sequence[Phase],
    run: Path,
    part: dict[str, Any],
    inputs: dict[str, Any],
    device: torch.device,
    preparation: float,
) -> dict[str, Any]:
    """What is known of a run before its first step. `sequences` are seen in training, each as often as it is."""
    stage = phases[0]
    if (run / storage.MANIFEST).is_file():
        preparation += storage.read_manifest(run).get("preparation_seconds", 0.0)
    return storage.provenance() | {
        "kind": KIND,
        "stage": stage.name,
        "recipe": stage.recipe.model_dump(mode="json"),
        "part": part,
        "recipe_sha256": digest(part),
        "inputs": inputs,
        "device": describe(device),
        "parameters": sum(value.numel() for value in stage.model.parameters() if value.requires_grad),
        "sequences": sum(phase.schedule.steps * phase.schedule.batch for phase in phases),
        "preparation_seconds": round(preparation, 2),
    }


def verify_weights(run: Path) -> bool:
    """Whether a finished run's weights are those its manifest names."""
    return are_recorded(storage.read_manifest(run), *read_weights(run / storage.WEIGHTS))
