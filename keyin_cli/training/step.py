"""One step of training: a batch and this process's part of it, then forward, backward and update."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import nn

from keyin_cli import distributed, storage
from keyin_cli.errors import InputError, RunError
from keyin_cli.recipe import Optimisation
from keyin_cli.training.engine import Forward, move, pin
from keyin_cli.training.phase import Batch, Phase, rows

NAN_BATCH = "nan-batch.safetensors"


class Part(NamedTuple):
    """A process's part of a batch, and `shares`: of what a term is the mean of, how much is in it. They add up to 1 over the
    processes. `of_sequences` is the share of the batch's sequences, for terms that are not in `shares`."""

    batch: Batch
    shares: dict[str, float]
    of_sequences: float


def part_of(phase: Phase, step: int, device: torch.device) -> Part:
    """What this process does of a step. The whole batch is made by every process: it is a function of (seed, step) alone.

    Raises:
        InputError: there are more processes than sequences.
    """
    everything, size, world = phase.batch(step), phase.schedule.batch, distributed.world()
    if world == 1:
        return Part(pin(everything, device), {}, 1.0)
    if size < world:
        raise InputError(f"{phase.section}.batch: {size} sequences do not divide among {world} processes: start fewer")
    place = slice(size * distributed.rank() // world, size * (distributed.rank() + 1) // world)
    own = rows(everything, place)
    mine, everyone = phase.counts(own), phase.counts(everything)
    shares = {name: count / max(1, everyone[name]) for name, count in mine.items()}
    return Part(pin(own, device), shares, (place.stop - place.start) / size)


class Update:
    """Applies the gradient of one batch after the other; `optimizer` is Adam with clipping, as the phase's schedule says."""

    def __init__(self, phase: Phase, forward: Forward, device: torch.device) -> None:
        self.phase, self.forward, self.device = phase, forward, device
        self.parameters = [parameter for parameter in phase.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(self.parameters, lr=phase.schedule.lr, fused=True)

    def __call__(self, step: int, part: Part, run: Path) -> dict[str, float]:
        """One update. Returns loss, every term, gradient norm and learning rate, of the whole batch.

        Raises:
            RunError: the loss or its gradient is not finite; the batch lies in `run`.
        """
        phase, world = self.phase, distributed.world()
        weights = phase.weights(step)
        terms = self.forward(move(part.batch, self.device))
        shares = {name: part.shares.get(name, part.of_sequences) for name in terms}
        # Processes average their gradients, so each has its part of the batch's loss `world` times.
        weighted = [weights[name] * (shares[name] * world) * term for name, term in terms.items() if name in weights]
        loss = torch.stack(weighted).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, phase.schedule.clip)
        figures = torch.stack([loss.detach() / world, *(shares[name] * term.detach() for name, term in terms.items())])
        values = torch.cat([distributed.total(figures), norm.detach()[None]]).tolist()  # the one time that a GPU is waited for
        row = dict(zip(["loss", *terms, "gradient"], values, strict=True))
        if not math.isfinite(row["loss"]) or not math.isfinite(row["gradient"]):
            raise self._not_finite(step, [name for name in terms if not math.isfinite(row[name])], run)
        for group in self.optimizer.param_groups:
            group["lr"] = rate(phase.schedule, step)
        self.optimizer.step()
        return {**row, "lr": rate(phase.schedule, step)}

    def _not_finite(self, step: int, names: list[str], run: Path) -> RunError:
        path = run / NAN_BATCH
        if distributed.rank() == 0:
            batch = {name: value.contiguous() for name, value in self.phase.batch(step).items()}
            storage.replace(path, storage.usual_mode(lambda beside: save_file(batch, beside)))
        what = f"step {step + 1}: {', '.join(names) or 'the gradient'} not finite; the batch is in {path}"
        return RunError(f"{what}: lower {self.phase.section}.lr with --set, or check the data with `keyin info --verify`")


def rate(schedule: Optimisation, step: int) -> float:
    """Learning rate of a step: constant, then a linear fall to zero over the last share `decay` of the steps."""
    if schedule.decay == 0:
        return schedule.lr
    return schedule.lr * min(1.0, (schedule.steps - step) / (schedule.decay * schedule.steps))
