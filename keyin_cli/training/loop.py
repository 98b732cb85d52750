"""The training loop of every stage: resumes exactly, guards against NaN, saves on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from keyin_cli import artifacts
from keyin_cli.errors import InputError, Interrupted, RunError
from keyin_cli.model.weights import read_weights, save_weights, tensors_sha256
from keyin_cli.progress import say, track
from keyin_cli.recipe import Schedule, differences, digest
from keyin_cli.training.checkpoint import load_checkpoint, save_checkpoint
from keyin_cli.training.engine import describe
from keyin_cli.training.stage import Batch, Stage

NAN_BATCH = "nan-batch.safetensors"


def finished(run: Path, part: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of a finished run of the same recipe and inputs; None when it is unfinished or not begun.

    Raises:
        InputError: the run was begun with another recipe or on other data; the line names what differs.
    """
    if not (run / artifacts.MANIFEST).is_file():
        return None
    manifest = artifacts.read_manifest(run)
    old, new = ({name: value["sha256"] for name, value in tree.items()} for tree in (manifest["inputs"], inputs))
    changes = differences(manifest.get("part"), part) + differences(old, new, "inputs")
    if changes:
        raise InputError(
            f"{run} was trained differently ({', '.join(changes)}): give another --out, or --overwrite to replace it"
        )
    return manifest if "weights_sha256" in manifest else None


def fit(
    stage: Stage, run: Path, inputs: dict[str, Any], device: torch.device, preparation: float = 0.0, tensorboard: bool = False
) -> dict[str, Any]:
    """Train a stage to its last step, from its latest checkpoint when there is one.

    Args:
        run: the stage's directory.
        inputs: what it was trained from, `{name: {"path", "sha256"}}`.
        preparation: seconds that it took to make the stage; those of interrupted runs are added up.

    Returns:
        The run's manifest.

    Raises:
        Interrupted: SIGINT or SIGTERM came; a checkpoint was saved.
        RunError: the loss or its gradient is not finite; the batch was saved.
    """
    schedule, checkpoints = stage.schedule, run / artifacts.CHECKPOINTS
    parameters = [parameter for parameter in stage.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=schedule.lr, fused=True)
    state = load_checkpoint(checkpoints, stage.model, optimizer) or {"step": 0, "seconds": 0.0, "peak_memory_bytes": 0}
    first = state["step"]
    metrics = run / artifacts.METRICS
    artifacts.write_lines(metrics, [row for row in artifacts.read_lines(metrics) if row["step"] <= first])
    part = stage.recipe.part(stage.name)
    if (run / artifacts.MANIFEST).is_file():
        preparation += artifacts.read_manifest(run).get("preparation_seconds", 0.0)
    manifest = artifacts.provenance() | {
        "kind": "run",
        "stage": stage.name,
        "recipe": stage.recipe.model_dump(mode="json"),
        "part": part,
        "recipe_sha256": digest(part),
        "inputs": inputs,
        "device": describe(device),
        "parameters": sum(parameter.numel() for parameter in parameters),
        "preparation_seconds": round(preparation, 2),
    }
    artifacts.write_json(run / artifacts.MANIFEST, manifest)
    if first:
        say(f"{run}: continuing from step {first}")
    begun = time.monotonic()

    def spent() -> dict[str, Any]:
        seconds = state["seconds"] + time.monotonic() - begun
        return {"seconds": round(seconds, 2), "peak_memory_bytes": max(state["peak_memory_bytes"], artifacts.peak_memory())}

    with ExitStack() as stack:
        stopping = stack.enter_context(_signals())
        board = stack.enter_context(_tensorboard(run)) if tensorboard else None
        advance = stack.enter_context(track(stage.name, schedule.steps, first))
        for step in range(first, schedule.steps):
            row = _step(stage, optimizer, parameters, step, run)
            done = step + 1
            last = done == schedule.steps
            validated = last or done % schedule.validate_every == 0
            if validated:
                stage.model.eval()
                row |= {f"val/{name}": value for name, value in stage.validate().items()}
                stage.model.train()
            if validated or done % schedule.log_every == 0:
                row = {"step": done, **row}
                artifacts.append_line(metrics, row)
                for name, value in row.items():
                    if board is not None and name != "step":
                        board.add_scalar(name, value, done)
            advance(1, f"loss {row['loss']:.2f}")
            if stopping or last or done % schedule.checkpoint_every == 0:
                save_checkpoint(checkpoints, done, stage.model, optimizer, spent())
            if stopping and not last:
                raise Interrupted(
                    f"stopped at step {done} of {schedule.steps}, saved in {checkpoints}: run the same command to continue"
                )
    sha256 = save_weights(run / artifacts.WEIGHTS, stage.model, stage.name, stage.recipe)
    final = {name: value for name, value in artifacts.read_lines(metrics)[-1].items() if name.startswith("val/")}
    manifest |= {"steps": schedule.steps, **spent(), "finished": artifacts.now(), "weights_sha256": sha256, "metrics": final}
    artifacts.write_json(run / artifacts.MANIFEST, manifest)
    artifacts.remove(checkpoints)
    return manifest


def verify_weights(run: Path) -> bool:
    """Whether a finished run's weights are those its manifest names."""
    manifest = artifacts.read_manifest(run)
    same: bool = tensors_sha256(read_weights(run / artifacts.WEIGHTS)[0]) == manifest.get("weights_sha256")
    return same


def rate(schedule: Schedule, step: int) -> float:
    """Learning rate of a step: constant, then a linear fall to zero over the last share `decay` of the steps."""
    if schedule.decay == 0:
        return schedule.lr
    return schedule.lr * min(1.0, (schedule.steps - step) / (schedule.decay * schedule.steps))


def _step(
    stage: Stage, optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], step: int, run: Path
) -> dict[str, float]:
    """One update. Returns loss, every term, gradient norm and learning rate."""
    batch, weights = stage.batch(step), stage.weights(step)
    terms = stage.terms(batch)
    loss = torch.stack([weights[name] * term for name, term in terms.items() if name in weights]).sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(parameters, stage.schedule.clip)
    if not torch.isfinite(loss) or not torch.isfinite(norm):
        _dump(batch, run / NAN_BATCH)
        bad = [name for name, term in terms.items() if not torch.isfinite(term)] or ["the gradient"]
        message = f"step {step + 1}: {', '.join(bad)} not finite; the batch is in {run / NAN_BATCH}: lower {stage_key(stage)}.lr"
        raise RunError(f"{message} with --set, or check the data with `keyin info --verify`")
    for group in optimizer.param_groups:
        group["lr"] = rate(stage.schedule, step)
    optimizer.step()
    row = {name: float(term.detach()) for name, term in terms.items()}
    return {"loss": float(loss.detach()), **row, "gradient": float(norm), "lr": rate(stage.schedule, step)}


def stage_key(stage: Stage) -> str:
    """The section of the recipe that schedules a stage."""
    return {"interpolator": "pretrain", "surprise": "surprise", "tap": "tap"}.get(stage.name, "train")


def _dump(batch: Batch, path: Path) -> None:
    artifacts.replace(path, lambda beside: save_file({name: value.contiguous() for name, value in batch.items()}, beside))


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying from them: the list stays empty until one comes."""
    received: list[int] = []
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _: received.append(number)) for number in wanted}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
