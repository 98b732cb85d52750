"""The training loop of every stage: resumes exactly, guards against NaN, saves on SIGINT and SIGTERM."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from keyin_cli import distributed, machine, storage
from keyin_cli.devices import describe, peak_memory
from keyin_cli.errors import InputError, Interrupted
from keyin_cli.interrupts import postponed
from keyin_cli.model.weights import read_weights, save_weights, tensors_sha256
from keyin_cli.progress import say, track
from keyin_cli.recipe import differences, digest
from keyin_cli.training.checkpoint import load_checkpoint, save_checkpoint
from keyin_cli.training.engine import forward, training_forward
from keyin_cli.training.prefetch import Prefetch
from keyin_cli.training.spec import comparable
from keyin_cli.training.stage import Stage, validate
from keyin_cli.training.step import Update, part_of


def finished(run: Path, part: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of a finished run of the same recipe and inputs; None when it is unfinished or not begun.

    Raises:
        InputError: the run was begun with another recipe or on other data; the line names what differs.
    """
    if not (run / storage.MANIFEST).is_file():
        return None
    manifest = storage.read_manifest(run)
    old, new = ({name: value["sha256"] for name, value in tree.items()} for tree in (manifest["inputs"], inputs))
    changes = differences(comparable(manifest.get("part", {})), part) + differences(old, new, "inputs")
    if changes:
        raise InputError(
            f"{run} was trained differently ({', '.join(changes)}): give another --out, or --overwrite to replace it"
        )
    return manifest if "weights_sha256" in manifest else None


def fit(
    stage: Stage,
    run: Path,
    part: dict[str, Any],
    inputs: dict[str, Any],
    device: torch.device,
    preparation: float = 0.0,
    tensorboard: bool = False,
) -> dict[str, Any]:
    """Train a stage to its last step, from its latest checkpoint when there is one.

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
    schedule, checkpoints, metrics = stage.schedule, run / storage.CHECKPOINTS, run / storage.METRICS
    update, writes = Update(stage, training_forward(stage, device), device), distributed.rank() == 0
    saved = load_checkpoint(checkpoints, stage.model, update.optimizer) or {}
    state = {"step": 0, "seconds": 0.0, "waiting": 0.0, "peak_memory_bytes": 0} | saved
    first = state["step"]
    manifest = _manifest(stage, run, part, inputs, device, preparation)
    distributed.wait()  # nothing is written before everyone has read it
    if writes:
        storage.write_lines(metrics, [row for row in storage.read_lines(metrics) if row["step"] <= first])
        storage.write_json(run / storage.MANIFEST, manifest)
    if first:
        say(f"{run}: continuing from step {first}")
    begun = time.monotonic()

    with ExitStack() as stack:
        stopping = stack.enter_context(postponed())
        board = stack.enter_context(_tensorboard(run)) if tensorboard and writes else None
        advance = stack.enter_context(track(stage.name, schedule.steps, first))
        parts = stack.enter_context(Prefetch(lambda step: part_of(stage, step, device), range(first, schedule.steps)))
        mark = begun, 0.0

        def spent() -> dict[str, Any]:
            """Time since the very first step, the share of it in which a step waited for its batch, and memory."""
            seconds = state["seconds"] + time.monotonic() - begun
            waiting = (state["waiting"] * state["seconds"] + parts.waited) / max(seconds, 1e-9)
            peak = max(state["peak_memory_bytes"], machine.peak_memory())
            return {"seconds": round(seconds, 2), "waiting": round(waiting, 4), "peak_memory_bytes": peak, **peak_memory(device)}

        for done, piece in enumerate(parts, start=first + 1):
            row = update(done - 1, piece, run)
            last = done == schedule.steps
            validated = last or done % schedule.validate_every == 0
            if validated and writes:
                row |= {f"val/{name}": value for name, value in validate(stage, forward(stage, device)).items()}
            if (validated or done % schedule.log_every == 0) and writes:
                now = time.monotonic(), parts.waited
                row = {"step": done, **row, "waiting": round((now[1] - mark[1]) / max(now[0] - mark[0], 1e-9), 4)}
                mark = now
                storage.append_line(metrics, row)
                for name, value in row.items():
                    if board is not None and name != "step":
                        board.add_scalar(name, value, done)
            advance(1, f"loss {row['loss']:.2f}")
            stop = distributed.anywhere(bool(stopping), device)
            if (stop or last or done % schedule.checkpoint_every == 0) and writes:
                save_checkpoint(checkpoints, done, stage.model, update.optimizer, spent())
            if stop and not last:
                distributed.wait()  # for the checkpoint: torchrun ends everyone as soon as one has ended
                raise Interrupted(
                    f"stopped at step {done} of {schedule.steps}, saved in {checkpoints}: run the same command to continue"
                )
        manifest |= {"steps": schedule.steps, **spent(), "finished": storage.now()}
    if writes:
        manifest["weights_sha256"] = save_weights(run / storage.WEIGHTS, stage.model, stage.name, stage.recipe)
        final = storage.read_lines(metrics)[-1]
        manifest["metrics"] = {name: value for name, value in final.items() if name.startswith("val/")}
        storage.write_json(run / storage.MANIFEST, manifest)
        storage.remove(checkpoints)
    distributed.wait()
    return storage.read_manifest(run)


def _manifest(
    stage: Stage, run: Path, part: dict[str, Any], inputs: dict[str, Any], device: torch.device, preparation: float
) -> dict[str, Any]:
    """What is known of a run before its first step."""
    if (run / storage.MANIFEST).is_file():
        preparation += storage.read_manifest(run).get("preparation_seconds", 0.0)
    return storage.provenance() | {
        "kind": "run",
        "stage": stage.name,
        "recipe": stage.recipe.model_dump(mode="json"),
        "part": part,
        "recipe_sha256": digest(part),
        "inputs": inputs,
        "device": describe(device),
        "parameters": sum(value.numel() for value in stage.model.parameters() if value.requires_grad),
        "preparation_seconds": round(preparation, 2),
    }


def verify_weights(run: Path) -> bool:
    """Whether a finished run's weights are those its manifest names."""
    manifest = storage.read_manifest(run)
    same: bool = tensors_sha256(read_weights(run / storage.WEIGHTS)[0]) == manifest.get("weights_sha256")
    return same


@contextmanager
def _tensorboard(run: Path) -> Iterator[Any]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError("--tensorboard needs an extra: pip install 'keyin[tensorboard]'") from None
    writer = SummaryWriter(run / "tensorboard")
    try:
        yield writer
    finally:
        writer.close()
