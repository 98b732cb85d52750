"""How fast a training step is, against a straightforward reference of the same mathematics in the same run.

    python benchmarks/train_step.py --out train_step.json

A step is forward, backward and Adam on a given batch. The reference shares modules, weights, optimiser, batch and the functions
of `model/losses.py` with ours, has all sequences of the batch in every call, and is a loop over segments and times otherwise:

- Stage 1: frame after frame is encoded, inpainted and decoded, up to the last of the longest segment; what a shorter segment does
  not have is masked. Ours has one call of the LSTM for all steps; encoder and decoder get just the frames that are, all at once.
- Stage 2: the frames of the batch are encoded in every step. Ours encodes every sequence once, before the first step, because the
  encoder is frozen. Both call the keyframe model in the same way; it is a loop over keyframes in ours too.
- Soft objectives: Algorithm 2 line by line. Segment after segment is inpainted frame after frame, every frame is decoded, and the
  sums over t, i and j in formulas 1 to 6 are loops. Ours inpaints all segments at once, does not decode frames without weight,
  and has one convolution per keyframe for τ and one matrix product for the mixtures.
- Search: offsets are given to both; a loop over keyframes, and over the frames after the last of them. Ours takes all at once and
  also computes the expected number of keyframes inside, which is only reported.

Every term of the loss and the gradient must be equal. Weights are fresh: δ is nearly uniform and no frame is without weight, in
the reference's favour. The batch is made before the clock starts. Ours and the reference take turns, and medians count. Run it
while nothing else runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import reduce
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from gen_data import cpu
from torch import Tensor
from torch.nn import functional

from keyin_cli import storage
from keyin_cli.datasets.brownian import BrownianData, arrays
from keyin_cli.datasets.loader import batch_indices
from keyin_cli.devices import describe
from keyin_cli.model import losses
from keyin_cli.model.encoder import to_images
from keyin_cli.model.interpolator import Interpolator
from keyin_cli.model.keyframes import Keyframes
from keyin_cli.model.keyin import Foundation
from keyin_cli.recipe import Recipe, load
from keyin_cli.training.engine import seeded
from keyin_cli.training.objectives.phase import KeyframePhase
from keyin_cli.training.phase import Batch, Terms
from keyin_cli.training.spec import Material
from keyin_cli.training.stages.interpolator import InterpolatorStage
from keyin_cli.training.stages.keyin import keyframe_phases
from keyin_cli.training.targets import to_offsets
from keyin_cli.tuning import tune_c_libraries

CPU = torch.device("cpu")
TOLERANCE, GRADIENT = 1e-6, 1e-4  # largest relative difference of a term and of the gradient, whose parts cancel
CASES: list[tuple[str, str, list[str]]] = [
    ("brownian-paper", "interpolator", []),
    ("brownian-paper", "keyin", []),
    ("brownian", "interpolator", []),
    ("brownian", "keyin", []),
    ("brownian", "keyin", ["train.objective=soft-embeddings"]),
    ("brownian", "keyin", ["train.objective=soft-pixels"]),
]
Stage = InterpolatorStage | KeyframePhase
Step = Callable[[Batch], Terms]


def interpolator_terms(stage: InterpolatorStage, batch: Batch) -> Terms:
    """What `InterpolatorStage.terms` says."""
    model, weights, reduction, lengths = stage.model, stage.schedule.weights, stage.recipe.model.reduction, batch["lengths"]

    def pixels(embeddings: Tensor, images: Tensor) -> Tensor:
        return losses.pixel_error(model.decoder(embeddings, background), images, reduction)

    background = to_images(batch["background"], CPU)
    longest, segments, frames = stage.schedule.lengths[1], len(lengths), len(batch["inner"])
    places = lengths.cumsum(0) - lengths  # of a segment's first frame in `inner`
    images = [to_images(batch["inner"][(places + i).clamp_max(frames - 1)], CPU) for i in range(longest)]
    masks = [(lengths > i).float() for i in range(longest)]
    start_image, end_image = to_images(batch["start"], CPU), to_images(batch["end"], CPU)
    start, end = model.encoder(start_image), model.encoder(end_image)
    z, kl = start.new_zeros(segments, 0), torch.zeros(())
    if weights.embeddings or model.interpolator.latent:
        truth = [model.encoder(image) for image in images]
    if model.interpolator.latent:
        mean, log_std = model.interpolator.infer(torch.stack(truth, dim=1), lengths)
        z, kl = mean + log_std.exp() * batch["noise"], losses.kl_to_prior(mean, log_std).mean()
    offset = functional.one_hot(lengths - 1, model.interpolator.max_offset).float()
    generated = inpaint(model.interpolator, start, end, offset, z, longest)
    terms = {
        "sequence": total((masks[i] * pixels(generated[i], images[i])).sum() for i in range(longest)) / frames,
        "autoencoder": (pixels(start, start_image) + pixels(end, end_image)).sum() / (2 * segments),
        "kl": kl,
    }
    if weights.embeddings:
        errors = [losses.embedding_error(generated[i], truth[i], reduction) for i in range(longest)]
        terms["embeddings"] = total((masks[i] * errors[i]).sum() for i in range(longest)) / frames
    return terms


def keyin_terms(stage: KeyframePhase, batch: Batch) -> Terms:
    """What `KeyframePhase.terms` says, from the whole `sequences` (B,T+N,H,W,C)."""
    images = to_images(batch["sequences"], CPU)
    embeddings = stage.model.foundation.encoder(images)
    keyframes = stage.model.keyframes(embeddings, noise=batch["noise"])
    if stage.schedule.objective == "search":
        terms = search_terms(stage, batch, embeddings, keyframes)
    else:
        terms = soft_terms(stage, batch, images, embeddings, keyframes)
    return {**terms, "entropy": losses.entropy(keyframes.logits)}


def soft_terms(stage: KeyframePhase, batch: Batch, images: Tensor, embeddings: Tensor, keyframes: Keyframes) -> Terms:
    """Algorithm 2."""
    foundation, window, reduction = stage.model.foundation, stage.recipe.window, stage.recipe.model.reduction
    decodes, delta, longest = stage.schedule.objective == "soft-pixels", keyframes.delta, window.max_offset
    tau, last, times = keyframe_times(delta), window.conditioning - 1, range(1, window.predicted + 1)
    inside, errors, kls = [], [], []
    running, segments = [], []
    for t in range(window.keyframes):
        keyframe = keyframes.embeddings[:, t]
        inside.append(total(tau[t + 1][j] for j in times))
        target = total(scaled(tau[t + 1][j], embeddings[:, last + j]) for j in times)
        errors.append(losses.embedding_error(keyframe, scaled(1 / inside[t], target), reduction))
        kls.append(losses.kl_to_prior(keyframes.mean[:, t], keyframes.log_std[:, t]))
        start = keyframes.embeddings[:, t - 1] if t else embeddings[:, last]
        frames = inpaint(foundation.interpolator, start, keyframe, delta[:, t], batch["inner_noise"][:, t], longest)
        segments.append([foundation.decoder(frame, images[:, last]).sigmoid() for frame in frames] if decodes else frames)
        running.append([delta[:, t, i:].sum(-1) for i in range(longest)])
    sequence = []
    for j in times:
        standing = [(t, i) for t in range(window.keyframes) for i in range(1, min(j, longest) + 1)]
        weights = [tau[t][j - i] * running[t][i - 1] for t, i in standing]
        mixed = total(scaled(weight, segments[t][i - 1]) for weight, (t, i) in zip(weights, standing, strict=True))
        frame = scaled(1 / total(weights), mixed)
        if decodes:
            sequence.append(losses.mixture_error(frame, images[:, last + j], reduction).mean())
        else:
            sequence.append(losses.embedding_error(frame, embeddings[:, last + j], reduction).mean())
    return {"keyframe_embeddings": average(errors, inside), "kl": average(kls, inside), "sequence": total(sequence)}


def search_terms(stage: KeyframePhase, batch: Batch, embeddings: Tensor, keyframes: Keyframes) -> Terms:
    """What `SearchPhase.own_terms` says."""
    interpolator, window, reduction = stage.model.foundation.interpolator, stage.recipe.window, stage.recipe.model.reduction
    longest, last, everyone = window.max_offset, embeddings.shape[1] - 1, torch.arange(len(embeddings))
    time = torch.full((len(embeddings),), window.conditioning - 1)
    misses, errors, kls, known, used, tail = [], [], [], [], [], []
    for t in range(window.keyframes):
        offset, logits, keyframe = batch["offsets"][:, t], keyframes.logits[:, t], keyframes.embeddings[:, t]
        time = time + offset.clamp_min(0)
        known.append((offset > 0).float())
        used.append((offset != 0).float())
        misses.append(losses.offset_error(logits[:, None], offset[:, None])[:, 0])
        errors.append(losses.embedding_error(keyframe, embeddings[everyone, time], reduction))
        kls.append(losses.kl_to_prior(keyframes.mean[:, t], keyframes.log_std[:, t]))
        rows = ((offset < 0) & (offset > -longest)).nonzero()[:, 0]  # the sequences that end in this segment
        begin = time[rows]
        possible = torch.arange(1, longest + 1) > (last - begin)[:, None]
        delta = functional.one_hot(logits[rows].masked_fill(~possible, -torch.inf).argmax(-1), longest).float()
        z = embeddings.new_zeros(len(rows), interpolator.latent)
        frames = inpaint(interpolator, embeddings[rows, begin], keyframe[rows], delta, z, longest) if len(rows) else []
        for i, frame in enumerate(frames, start=1):
            seen = begin + i <= last
            tail.append(losses.embedding_error(frame[seen], embeddings[rows[seen], begin[seen] + i], reduction))
    terms = {"offsets": average(misses, used), "keyframe_embeddings": average(errors, known), "kl": average(kls, used)}
    return terms | {"sequence": total(error.sum() for error in tail) / max(1, sum(len(error) for error in tail))}


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
    times, never = range(1, keyframes * longest + 1), delta.new_zeros(batch)
    tau = [[delta.new_ones(batch)] + [never for _ in times]]
    for t in range(keyframes):
        chances = [total(tau[t][j - i] * delta[:, t, i - 1] for i in range(1, min(j, longest) + 1)) for j in times]
        tau.append([never, *chances])
    return tau


def total(terms: Iterable[Tensor]) -> Tensor:
    """Their sum, one after another."""
    return reduce(torch.add, terms, torch.zeros(()))


def scaled(factors: Tensor, values: Tensor) -> Tensor:
    """(B,), (B,…) -> (B,…)."""
    return factors.reshape(-1, *[1] * (values.dim() - 1)) * values


def average(errors: list[Tensor], chances: list[Tensor]) -> Tensor:
    """Σ_t c^t error^t / Σ_t c^t, averaged over the batch (formula 7)."""
    weighted = total(chance * error for chance, error in zip(chances, errors, strict=True))
    return (weighted / total(chances).clamp_min(1e-6)).mean()


def prepare(recipe: Recipe, part: str) -> tuple[Stage, Batch, Step]:
    """A stage with fresh weights, a batch of real sequences, and the reference of its terms."""
    assert isinstance(recipe.data, BrownianData)
    window, count = recipe.window, (recipe.pretrain if part == "interpolator" else recipe.train.phases[0]).batch
    length = window.conditioning + window.predicted
    made = arrays(recipe.data, np.arange(count))
    frames = {"train": made["frames"][:, :length], "val": made["frames"][:1, :length]}
    foundation = dict(seeded(recipe.seed, lambda: Foundation(recipe)).state_dict())
    with tempfile.TemporaryDirectory() as cache:
        material = Material(recipe, frames, CPU, Path(cache), foundation)
        if part == "interpolator":
            stage = InterpolatorStage(material)
            return stage, stage.batch(0), lambda batch: interpolator_terms(stage, batch)
        keyin = keyframe_phases(material)[0]
    rows = batch_indices(recipe.seed, 0, count, count)
    batch = keyin.batch(0) | {"sequences": torch.from_numpy(frames["train"][rows])}
    if "offsets" in batch:  # the true ones, because the search finds them once the interpolator is trained
        batch["offsets"] = torch.from_numpy(to_offsets(made["keyframes"][rows, window.conditioning : length], window))
    return keyin, batch, lambda batch: keyin_terms(keyin, batch)


def backward(stage: Stage, terms: Step, batch: Batch) -> Terms:
    """Forward and backward; the gradient stays in the parameters."""
    values, weights = terms(batch), stage.weights(0)
    stage.model.zero_grad(set_to_none=True)
    torch.stack([weights[name] * value for name, value in values.items() if name in weights]).sum().backward()
    return values


def differences(stage: Stage, batch: Batch, reference: Step) -> dict[str, float]:
    """Of every term and of the gradient, relative, between ours and the reference."""
    results = []
    for terms in (stage.terms, reference):
        values = {name: value.detach() for name, value in backward(stage, terms, batch).items()}
        gradient = torch.cat([each.grad.flatten() for each in stage.model.parameters() if each.grad is not None])
        results.append(values | {"gradient": gradient})
    ours, same = results
    assert ours.keys() - {"keyframes_inside", "nats"} == same.keys()
    return {name: float((ours[name] - same[name]).norm() / same[name].norm().clamp_min(1e-12)) for name in same}


def equal(difference: dict[str, float]) -> bool:
    return all(value <= (GRADIENT if name == "gradient" else TOLERANCE) for name, value in difference.items())


def seconds(stage: Stage, batch: Batch, reference: Step, steps: int) -> tuple[float, float]:
    """Median time of a step, ours and the reference's; the first of each is not counted."""
    optimizer = torch.optim.Adam([each for each in stage.model.parameters() if each.requires_grad], lr=1e-5, fused=True)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(steps + 1):
        for mine, terms in zip(times, (stage.terms, reference), strict=True):
            begun = time.perf_counter()
            backward(stage, terms, batch)
            optimizer.step()
            mine.append(time.perf_counter() - begun)
    return median(times[0][1:]), median(times[1][1:])


def measure(name: str, part: str, overrides: list[str], steps: int) -> dict[str, Any]:
    """One row of the table."""
    recipe = load(name, overrides)
    stage, batch, reference = prepare(recipe, part)
    difference = differences(stage, batch, reference)
    ours, theirs = seconds(stage, batch, reference, steps)
    title = "stage 1" if part == "interpolator" else f"stage 2, {recipe.train.phases[0].objective}"
    rates = {"steps_per_second": round(1 / ours, 2), "reference_steps_per_second": round(1 / theirs, 2)}
    largest = max(difference.values())
    print(f"{name + ', ' + title:42s} {1 / ours:7.2f} {1 / theirs:9.2f} {theirs / ours:6.2f}  {largest:.0e}", flush=True)
    shown = {"recipe": name, "stage": title, "batch": stage.schedule.batch, **rates, "ratio": round(theirs / ours, 2)}
    return {**shown, "relative_differences": difference, "equal": equal(difference)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10, help="timed steps of each (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    given = parser.parse_args()
    tune_c_libraries()
    torch.set_num_threads(given.threads)
    busy = os.getloadavg()[0]
    print(f"{'steps per second':42s} {'ours':>7s} {'reference':>9s} {'ratio':>6s}  largest relative difference")
    rows = [measure(*case, given.steps) for case in CASES]
    result = {
        "rows": rows,
        "steps": given.steps,
        "device": describe(CPU),
        "cpu": cpu(),
        "load": round(busy, 2),  # processes that wanted a core when it began
        **storage.provenance(),
        "command": " ".join(["python", "benchmarks/train_step.py", *sys.argv[1:]]),
    }
    if given.out:
        storage.write_json(given.out, result)
    if not all(row["equal"] for row in rows):
        raise SystemExit("the results differ: this is no comparison")


if __name__ == "__main__":
    main()
