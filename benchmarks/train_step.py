"""How fast a training step is, against a straightforward reference of the same mathematics in the same run.

    python benchmarks/train_step.py --out train_step.json

A step is forward, backward and Adam on a given batch. The reference shares modules, weights, optimiser, pointwise errors and batch
with ours, works on whole batches of sequences, and follows Algorithm 2 and the formulas of the paper line by line in between:

- Stage 1. It takes the segments of one length after the other, and encodes, inpaints and decodes them frame by frame. Ours has one
  batch of all segments and lengths, one call of the LSTM for all steps, and one of the decoder for all frames.
- Stage 2, all objectives. It encodes the frames of the batch in every step; the encoder is frozen, so ours encodes every sequence
  once, before the first step. The keyframe model is called in the same way by both: it is a loop over keyframes in ours too.
- Soft objectives. It inpaints segment after segment and frame after frame, decodes every frame as soon as it is made, and has loops
  for the sums over t, i and j of the formulas 1 to 6. Ours inpaints all segments at once, leaves out frames that carry no weight,
  and has one convolution for τ and one matrix product for the mixtures.
- Search. The offsets are given, as they are after the search; it loops over keyframes. Ours takes all of them at once. It leaves
  out what is only reported (the expected number of keyframes inside), which ours computes.

Every term of the loss, and its gradient, must be equal. Weights are those of the first step: δ is nearly uniform and few frames
carry no weight, which is in the reference's favour. Batches are real sequences, made here, and not timed. The two take turns, and
the median counts. Run it while nothing else runs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gen_data import cpu
from torch import Tensor
from torch.nn import functional

from keyin_cli import artifacts
from keyin_cli.data.brownian import arrays
from keyin_cli.data.loader import batch_indices
from keyin_cli.model import losses
from keyin_cli.model.encoder import to_images
from keyin_cli.model.interpolator import Interpolator
from keyin_cli.model.keyframes import Keyframes
from keyin_cli.model.keyin import Foundation
from keyin_cli.recipe import BrownianData, Recipe, load
from keyin_cli.training.engine import describe, seeded
from keyin_cli.training.interpolator import InterpolatorStage
from keyin_cli.training.keyin import KeyInStage
from keyin_cli.training.stage import Batch, Terms
from keyin_cli.training.targets import to_offsets

CPU = torch.device("cpu")
TOLERANCE = 1e-4  # largest difference of a term or of the gradient, relative
CASES: list[tuple[str, str, list[str]]] = [
    ("brownian-paper", "interpolator", []),
    ("brownian-paper", "keyin", []),
    ("brownian", "interpolator", []),
    ("brownian", "keyin", []),
    ("brownian", "keyin", ["train.objective=soft-embeddings"]),
    ("brownian", "keyin", ["train.objective=soft-pixels"]),
]
Work = InterpolatorStage | KeyInStage
Step = Callable[[Batch], Terms]


class PlainInterpolator:
    """The terms of `InterpolatorStage`."""

    def __init__(self, stage: InterpolatorStage) -> None:
        self.stage, self.model, self.reduction = stage, stage.model, stage.recipe.model.reduction

    def terms(self, batch: Batch) -> Terms:
        model, lengths = self.model, batch["lengths"]
        places = lengths.cumsum(0) - lengths  # of a segment's first frame in `inner`
        sums = dict.fromkeys(("sequence", "autoencoder", "kl", "embeddings"), torch.zeros(()))
        for length in lengths.unique().tolist():
            rows = (lengths == length).nonzero()[:, 0]
            ends = [to_images(batch[name][rows], CPU) for name in ("start", "end")]
            truth = [to_images(batch["inner"][places[rows] + i], CPU) for i in range(length)]
            start, end = (model.encoder(image) for image in ends)
            for image, embedding in zip(ends, (start, end), strict=True):
                sums["autoencoder"] = sums["autoencoder"] + self._pixels(embedding, image)
            embedded = [model.encoder(image) for image in truth] if self._encodes else []
            z = start.new_zeros(len(rows), 0)
            if model.interpolator.latent:
                mean, log_std = model.interpolator.infer(torch.stack(embedded, dim=1), lengths[rows])
                z = mean + log_std.exp() * batch["noise"][rows]
                sums["kl"] = sums["kl"] + losses.kl_to_prior(mean, log_std).sum()
            offset = functional.one_hot(lengths[rows] - 1, self.stage.recipe.window.max_offset).float()
            for i, generated in enumerate(inpaint(model.interpolator, start, end, offset, z, length)):
                sums["sequence"] = sums["sequence"] + self._pixels(generated, truth[i])
                if embedded:
                    errors = losses.embedding_error(generated, embedded[i], self.reduction)
                    sums["embeddings"] = sums["embeddings"] + errors.sum()
        frames, segments = len(batch["inner"]), len(lengths)
        counts = {"sequence": frames, "autoencoder": 2 * segments, "kl": segments}
        if self.stage.schedule.weights.embeddings:
            counts["embeddings"] = frames
        return {name: sums[name] / count for name, count in counts.items()}

    @property
    def _encodes(self) -> bool:
        return bool(self.model.interpolator.latent or self.stage.schedule.weights.embeddings)

    def _pixels(self, embeddings: Tensor, images: Tensor) -> Tensor:
        return losses.pixel_error(self.model.decoder(embeddings), images, self.reduction).sum()


class PlainKeyIn:
    """The terms of `KeyInStage`, from the whole `sequences` (B,T+N,H,W,C)."""

    def __init__(self, stage: KeyInStage) -> None:
        self.stage, self.foundation, self.window = stage, stage.model.foundation, stage.recipe.window
        self.reduction = stage.recipe.model.reduction

    def terms(self, batch: Batch) -> Terms:
        images = to_images(batch["sequences"], CPU)
        embeddings = self.foundation.encoder(images)
        keyframes = self.stage.model.keyframes(embeddings, noise=batch["noise"])
        soft = self.stage.schedule.objective != "search"
        terms = self.soft_terms(batch, images, embeddings, keyframes) if soft else self.search_terms(batch, embeddings, keyframes)
        return {**terms, "entropy": torch.special.entr(keyframes.delta).sum(-1).mean()}

    def soft_terms(self, batch: Batch, images: Tensor, embeddings: Tensor, keyframes: Keyframes) -> Terms:
        window, delta, decodes = self.window, keyframes.delta, self.stage.schedule.objective == "soft-pixels"
        first, predicted = embeddings[:, window.conditioning - 1], range(1, window.predicted + 1)
        tau = keyframe_times(delta)
        chances, errors, kls = [], [], []
        generated: list[list[Tensor]] = []
        running: list[list[Tensor]] = []
        for t in range(window.keyframes):
            chance, target = torch.zeros(()), torch.zeros(())
            for j in predicted:
                chance = chance + tau[t + 1][j]
                target = target + tau[t + 1][j][:, None] * embeddings[:, window.conditioning + j - 1]
            chances.append(chance)
            errors.append(self._error(keyframes.embeddings[:, t], target / chance[:, None]))
            kls.append(losses.kl_to_prior(keyframes.mean[:, t], keyframes.log_std[:, t]))
            start, end = keyframes.embeddings[:, t - 1] if t else first, keyframes.embeddings[:, t]
            noise = batch["inner_noise"][:, t]
            frames = inpaint(self.foundation.interpolator, start, end, delta[:, t], noise, window.max_offset)
            generated.append([self.foundation.decoder(frame).sigmoid() for frame in frames] if decodes else frames)
            running.append([delta[:, t, i:].sum(-1) for i in range(window.max_offset)])
        sequence = torch.zeros(())
        for j in predicted:
            frame, total = torch.zeros(()), torch.zeros(())
            for t in range(window.keyframes):
                for i in range(1, min(j, window.max_offset) + 1):
                    weight, made = tau[t][j - i] * running[t][i - 1], generated[t][i - 1]
                    frame = frame + weight.reshape(-1, *[1] * (made.dim() - 1)) * made
                    total = total + weight
            frame = frame / total.reshape(-1, *[1] * (frame.dim() - 1))
            at = window.conditioning + j - 1
            error = losses.mixture_error(frame, images[:, at], self.reduction) if decodes else self._error(frame, embeddings[:, at])
            sequence = sequence + error.mean()
        return {"keyframe_embeddings": average(errors, chances), "kl": average(kls, chances), "sequence": sequence}

    def search_terms(self, batch: Batch, embeddings: Tensor, keyframes: Keyframes) -> Terms:
        offsets, time = batch["offsets"], torch.full((len(embeddings),), self.window.conditioning - 1)
        last, longest = embeddings.shape[1] - 1, self.window.max_offset
        known, used, misses, errors, kls = [], [], [], [], []
        tail, tails = torch.zeros(()), 0
        for t in range(self.window.keyframes):
            offset, logits = offsets[:, t], keyframes.logits[:, t]
            misses.append(losses.offset_error(logits[:, None], offset[:, None])[:, 0])
            time = time + offset.clamp_min(0)
            errors.append(self._error(keyframes.embeddings[:, t], embeddings[torch.arange(len(time)), time]))
            kls.append(losses.kl_to_prior(keyframes.mean[:, t], keyframes.log_std[:, t]))
            known.append((offset > 0).float())
            used.append((offset != 0).float())
            rows = ((offset < 0) & (offset > -longest)).nonzero()[:, 0]
            if not len(rows):
                continue
            left = last - time[rows]
            allowed = torch.arange(1, longest + 1) > left[:, None]
            delta = functional.one_hot(logits[rows].masked_fill(~allowed, -torch.inf).argmax(-1), longest).float()
            start, end = embeddings[rows, time[rows]], keyframes.embeddings[rows, t]
            z = embeddings.new_zeros(len(rows), self.foundation.interpolator.latent)
            for i, frame in enumerate(inpaint(self.foundation.interpolator, start, end, delta, z, longest), start=1):
                seen = left >= i
                tail = tail + self._error(frame[seen], embeddings[rows[seen], time[rows[seen]] + i]).sum()
                tails += int(seen.sum())
        return {
            "offsets": average(misses, used),
            "keyframe_embeddings": average(errors, known),
            "kl": average(kls, used),
            "sequence": tail / max(1, tails),
        }

    def _error(self, predicted: Tensor, truth: Tensor) -> Tensor:
        return losses.embedding_error(predicted, truth, self.reduction)


def inpaint(interpolator: Interpolator, start: Tensor, end: Tensor, offset: Tensor, z: Tensor, steps: int) -> list[Tensor]:
    """The frames of one segment per sequence, one after another: `steps` embeddings (B,E)."""
    context = torch.cat([start, end, offset, z], dim=-1)
    hidden, cell = interpolator.initial(context).unflatten(-1, (2, interpolator.layers, interpolator.units)).unbind(1)
    state = hidden.transpose(0, 1).tanh().contiguous(), cell.transpose(0, 1).contiguous()
    frames = []
    for _ in range(steps):
        outputs, state = interpolator.lstm(context[:, None], state)
        frames.append(outputs[:, 0])
    return frames


def keyframe_times(delta: Tensor) -> list[list[Tensor]]:
    """tau[t][j] (B,), the chance that keyframe t stands at time j (formula 1)."""
    batch, keyframes, longest = delta.shape
    tau = [[delta.new_ones(batch)] + [delta.new_zeros(batch)] * (keyframes * longest)]
    for t in range(keyframes):
        tau.append([delta.new_zeros(batch)] * (keyframes * longest + 1))
        for j in range(1, keyframes * longest + 1):
            for i in range(1, min(j, longest) + 1):
                tau[-1][j] = tau[-1][j] + tau[t][j - i] * delta[:, t, i - 1]
    return tau


def average(errors: list[Tensor], chances: list[Tensor]) -> Tensor:
    """Σ_t c^t error^t / Σ_t c^t, averaged over the batch (formula 7)."""
    weighted = torch.stack([chance * error for chance, error in zip(chances, errors, strict=True)]).sum(0)
    return (weighted / torch.stack(chances).sum(0).clamp_min(1e-6)).mean()


def prepare(recipe: Recipe, name: str) -> tuple[Work, Batch, Step]:
    """A stage with fresh weights, the batch of its first step, and the reference of its terms."""
    assert isinstance(recipe.data, BrownianData)
    window = recipe.window
    length, count = window.conditioning + window.predicted, (recipe.pretrain if name == "interpolator" else recipe.train).batch
    made = arrays(recipe.data, np.arange(count))
    frames = {"train": made["frames"][:, :length], "val": made["frames"][:1, :length]}
    if name == "interpolator":
        stage = InterpolatorStage(recipe, frames, CPU)
        return stage, stage.batch(0), PlainInterpolator(stage).terms
    foundation = dict(seeded(recipe.seed, lambda: Foundation(recipe)).state_dict())
    with tempfile.TemporaryDirectory() as cache:
        keyin = KeyInStage(recipe, foundation, frames, CPU, Path(cache))
    rows = batch_indices(recipe.seed, 0, count, count)
    batch = keyin.batch(0) | {"sequences": torch.from_numpy(frames["train"][rows])}
    if "offsets" in batch:  # the true ones: the search finds them once the interpolator is trained
        batch["offsets"] = torch.from_numpy(to_offsets(made["keyframes"][rows, window.conditioning : length], window))
    return keyin, batch, PlainKeyIn(keyin).terms


def loss_and_gradient(stage: Work, terms: Step, batch: Batch) -> Terms:
    """The weighted terms of one step; the gradient is left in the parameters."""
    values, weights = terms(batch), stage.weights(0)
    stage.model.zero_grad(set_to_none=True)
    torch.stack([weights[name] * value for name, value in values.items() if name in weights]).sum().backward()
    return values


def differences(stage: Work, batch: Batch, reference: Step) -> dict[str, float]:
    """Relative difference of every term, and of the gradient, between ours and the reference."""
    results = []
    for terms in (stage.terms, reference):
        values = loss_and_gradient(stage, terms, batch)
        gradient = torch.cat([each.grad.flatten() for each in stage.model.parameters() if each.grad is not None])
        results.append({name: value.detach() for name, value in values.items()} | {"gradient": gradient})
    ours, same = results
    ours.pop("keyframes_inside", None)  # only reported
    if ours.keys() != same.keys():
        raise SystemExit(f"the terms are others: {sorted(ours)}, {sorted(same)}")
    return {name: float((ours[name] - same[name]).norm() / same[name].norm().clamp_min(1e-12)) for name in same}


def seconds(stage: Work, batch: Batch, reference: Step, steps: int) -> dict[str, float]:
    """Median time of a step of each; they take turns, and the first of each does not count."""
    optimizer = torch.optim.Adam([each for each in stage.model.parameters() if each.requires_grad], lr=1e-5, fused=True)
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    for _ in range(steps + 1):
        for name, terms in (("ours", stage.terms), ("reference", reference)):
            begun = time.perf_counter()
            loss_and_gradient(stage, terms, batch)
            optimizer.step()
            times[name].append(time.perf_counter() - begun)
    return {name: float(np.median(each[1:])) for name, each in times.items()}


def measure(name: str, part: str, overrides: list[str], steps: int) -> dict[str, Any]:
    """One row of the table."""
    recipe = load(name, overrides)
    stage, batch, reference = prepare(recipe, part)
    difference = differences(stage, batch, reference)
    times = seconds(stage, batch, reference, steps)
    return {
        "recipe": name,
        "stage": part,
        "objective": recipe.train.objective if part == "keyin" else None,
        "batch": stage.schedule.batch,
        "steps_per_second": round(1 / times["ours"], 3),
        "reference_steps_per_second": round(1 / times["reference"], 3),
        "ratio": round(times["reference"] / times["ours"], 2),
        "relative_differences": difference,
        "equal": max(difference.values()) <= TOLERANCE,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10, help="timed steps of each (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    print(f"{'steps per second, ' + str(given.threads) + ' threads':46s} {'ours':>8s} {'reference':>10s} {'ratio':>6s}  largest difference")
    for case in CASES:
        row = measure(*case, given.steps)
        rows.append(row)
        title = f"{row['recipe']}, {row['stage']} {row['objective'] or ''}, batch {row['batch']}"
        rates = f"{row['steps_per_second']:8.2f} {row['reference_steps_per_second']:10.2f} {row['ratio']:6.2f}"
        print(f"{title:46s} {rates}  {max(row['relative_differences'].values()):.0e}", flush=True)
    if given.out:
        provenance = artifacts.provenance() | {"command": " ".join(["python", "benchmarks/train_step.py", *sys.argv[1:]])}
        artifacts.write_json(given.out, {"rows": rows, "steps": given.steps, "device": describe(CPU), "cpu": cpu(), **provenance})
    if not all(row["equal"] for row in rows):
        raise SystemExit("the results differ: this is no comparison")


if __name__ == "__main__":
    main()
