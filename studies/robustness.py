"""How well given weights find keyframes in data that is not what they were trained on. Nothing is trained again.

    python studies/robustness.py --ckpt artifacts/released/brownian --out artifacts/released/brownian/robustness

One factor at a time is changed, everything else is as trained:

- of Brownian motion the radius of the ball;
- and the smallest turn. Turns are uniform above it, so lowering it makes just a few turns smaller;
- Gaussian noise on the images, of a standard deviation relative to full scale, clipped to it;
- M, the number of keyframes asked for. The keyframe model is recurrent and gives more or fewer of them with the same weights;
  Surprise selects exactly M. The search does not know M and has no line.

Sequences are fresh, of another seed than the training data, and the same ones under every radius, noise and M. A price that the
recipe leaves to be chosen is chosen anew under every condition, as `keyin eval-f1` would, on further sequences without labels.
Keyframes are moved by the shifts that came with the weights (docs/protocol.md). Writes robustness.json (F1, precision and recall
within 0, 1 and 2 frames, 95 % bootstrap intervals of F1) and robustness.png (F1 of exact matches).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keyin_cli import figures, storage
from keyin_cli.datasets import generate
from keyin_cli.datasets.rng import stream
from keyin_cli.devices import describe, pick_device
from keyin_cli.discovery.f1 import table_row
from keyin_cli.discovery.selector import Frames, Sources, Times
from keyin_cli.errors import InputError
from keyin_cli.methods import checkpoints
from keyin_cli.methods.registry import colours, selector
from keyin_cli.methods.registry import method as method_of
from keyin_cli.model.search import shifted
from keyin_cli.model.weights import read_weights, tensors_sha256
from keyin_cli.progress import say, speak
from keyin_cli.recipe import GeneratedData, Recipe, check

METHODS = ("keyin", "search", "surprise")
STAGES = ("keyin", "interpolator", "surprise")  # what they are made from; offsets of other models are as many as in training
NOISE = 1 << 20  # counter of its random numbers, which no dataset uses
Row = dict[str, Any]


class Factor(NamedTuple):
    """What is changed: a key of the recipe, or the noise on the images (None)."""

    name: str
    title: str
    key: str | None
    values: tuple[float, ...]
    methods: tuple[str, ...] = METHODS


class Condition(NamedTuple):
    """What differs from the training data: keys of the recipe, `KEY=VALUE`, and the noise, of full scale."""

    overrides: tuple[str, ...] = ()
    noise: float = 0.0


M_VALUES = (4, 5, 6, 7, 8, 9, 10)  # those whose keyframes reach the end of a sequence are asked for
FACTORS = (
    Factor("radius", "radius of the ball, px", "data.radius", (1, 1.3, 1.6, 2, 2.5, 3)),
    Factor("min_turn", "smallest turn, degrees", "data.min_turn", (15, 20, 25, 30)),
    Factor("noise", "noise on the images, standard deviation of full scale", None, (0, 0.05, 0.1, 0.2)),
    Factor("keyframes", "keyframes asked for, M", "window.keyframes", M_VALUES, ("keyin", "surprise")),
)


def factors_of(recipe: Recipe) -> list[Factor]:
    """Those that a recipe's kind of data has."""
    keys, window = {f"data.{key}" for key in type(recipe.data).model_fields}, recipe.window
    has = [factor for factor in FACTORS if factor.key is None or factor.key.startswith("window.") or factor.key in keys]
    reaching = tuple(count for count in M_VALUES if count * window.max_offset >= window.predicted)
    return [factor._replace(values=reaching) if factor.name == "keyframes" else factor for factor in has]


def study(ckpt: Path, n: int, seed: int) -> dict[str, Any]:
    """Evaluate every stage of METHODS that is there under every condition.

    Args:
        ckpt: what `checkpoints.find_all_weights` accepts.
        n: sequences per condition.
        seed: of the sequences and the noise.

    Returns:
        `rows`, one for each factor, value and method that has it; `trained`, the value of each factor in the training data.

    Raises:
        InputError: the weights are of other data, or the seed is that of the training data.
    """
    recipe, files = trained_with(ckpt), weights(ckpt)
    data, factors, shifts = recipe.data, factors_of(recipe), checkpoints.load(ckpt).shifts
    if not isinstance(data, GeneratedData):
        raise InputError(f"{ckpt} was trained on data of kind {data.kind}: the study needs weights of data that is generated")
    if seed == data.seed:
        raise InputError(f"--seed {seed} makes the training data again: use another seed")
    trained = {factor.name: _as_trained(factor, recipe) for factor in factors}
    cases = [
        (factor, value, Condition() if value == trained[factor.name] else _changed(factor, value), method)
        for factor in factors
        for value in sorted({*factor.values, trained[factor.name]})
        for method in factor.methods
        if _trained(method, files)
    ]
    scores: dict[tuple[Condition, str], Row] = {}
    conditions = list(dict.fromkeys(condition for _, _, condition, _ in cases))
    for number, condition in enumerate(conditions, start=1):
        what = ", ".join([*condition.overrides, f"noise={condition.noise:g}"])
        say(f"condition {number} of {len(conditions)}: {what}")
        sources, frames, labels = prepare(files, recipe, condition, n, seed)
        for method in dict.fromkeys(method for *_, other, method in cases if other == condition):
            shift = shifts.get(method, 0)
            selected = shifted(selector(method)(sources).select(frames), shift)
            scores[condition, method] = {"shift": shift, **table_row(method, selected, labels)}
    rows = [
        {"factor": factor.name, "value": value, "n": n, **scores[condition, method]} for factor, value, condition, method in cases
    ]
    return {"rows": rows, "trained": trained}


def trained_with(ckpt: Path) -> Recipe:
    """The recipe of the first of the weights."""
    return checkpoints.load_model(checkpoints.find_weights(ckpt))[1]


def _trained(row: str, files: Mapping[str, Path]) -> bool:
    """Whether what a row needs is there; every keyframe model has what the search needs."""
    stage = method_of(row).stage
    return stage is None or stage.foundation is None or stage.name in files


def weights(ckpt: Path) -> dict[str, Path]:
    """The weights file of every stage of STAGES that is there."""
    stages = {read_weights(file)[1]["stage"]: file for file in checkpoints.find_all_weights(ckpt)}
    return {stage: stages[stage] for stage in STAGES if stage in stages}


def prepare(files: Mapping[str, Path], recipe: Recipe, condition: Condition, n: int, seed: int) -> tuple[Sources, Frames, Times]:
    """The models under a condition, its sequences (n,T+N,H,W,C) and their true keyframes among the times 1…N (n,N)."""
    window = recipe.window
    overrides = [f"data.seed={seed}", *condition.overrides]
    changed, device = check(recipe.model_dump(mode="json"), overrides), pick_device(recipe.device)
    assert isinstance(changed.data, GeneratedData)
    made = generate.arrays(changed.data, np.arange(n + recipe.discovery.calibration))
    frames = noisy(made["frames"][:, : window.frames], condition.noise, seed)
    labels = made["keyframes"][:n, window.conditioning : window.frames]
    models = {stage: checkpoints.load_model(file, overrides)[0].to(device) for stage, file in files.items()}
    return Sources(models, changed, device, lambda: frames[n:], seed), frames[:n], labels


def noisy(frames: Frames, deviation: float, seed: int) -> Frames:
    """Add Gaussian noise of a standard deviation (of full scale) to sequences (n,…); sequence i is a function of (seed, i)."""
    if not deviation:
        return frames
    drawn = np.empty_like(frames)
    for index, sequence in enumerate(frames):
        noise = stream(seed, index, NOISE).standard_normal(sequence.shape, dtype=np.float32)
        drawn[index] = (sequence + 255 * deviation * noise).round().clip(0, 255)
    return drawn


def draw(path: Path, result: dict[str, Any]) -> None:
    """The picture of a study: F1 of exact matches."""
    shown = []
    for factor in FACTORS:
        lines: dict[str, list[tuple[float, ...]]] = {}
        for row in (row for row in result["rows"] if row["factor"] == factor.name):
            lines.setdefault(row["method"], []).append((row["value"], row["f1"]["0"], *row["ci95"]["0"]))
        if lines:
            points = {method: np.array(line) for method, line in lines.items()}
            shown.append(figures.Factor(factor.title, result["trained"][factor.name], points))
    figures.robustness(path, shown, "F1", colours())


def _as_trained(factor: Factor, recipe: Recipe) -> float:
    """The value of a factor in the training data."""
    if factor.key is None:
        return 0.0
    section, key = factor.key.split(".")
    return float(getattr(getattr(recipe, section), key))


def _changed(factor: Factor, value: float) -> Condition:
    return Condition(noise=value) if factor.key is None else Condition((f"{factor.key}={value:g}",))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ckpt", type=Path, required=True, help="a run directory, a released directory or a weights file")
    parser.add_argument("--out", type=Path, required=True, help="a directory for the result and its picture")
    parser.add_argument("--n", type=int, default=1000, help="sequences per condition (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the sequences and the noise (default: %(default)s)")
    given = parser.parse_args()
    speak()
    if given.n < 1:
        parser.error("--n: at least one sequence")
    begun = time.monotonic()
    try:
        result = study(given.ckpt, given.n, given.seed)
    except InputError as error:
        say(f"robustness: {error}")
        raise SystemExit(2) from None
    draw(given.out / "robustness.png", result)
    for row in result["rows"]:
        low, high = row["ci95"]["0"]
        print(f"{row['factor']:10s} {row['value']:5g}  {row['method']:9s} F1 {row['f1']['0']:.3f} [{low:.3f}, {high:.3f}]")
    recipe = trained_with(given.ckpt)
    result |= {
        "seed": given.seed,
        "weights_sha256": {stage: tensors_sha256(read_weights(file)[0]) for stage, file in weights(given.ckpt).items()},
        "device": describe(pick_device(recipe.device)),
        "seconds": round(time.monotonic() - begun, 2),
        **storage.provenance(),
        "command": " ".join(["python", "studies/robustness.py", *sys.argv[1:]]),
    }
    storage.write_json(given.out / "robustness.json", result)
    print(f"picture: {given.out / 'robustness.png'}")


if __name__ == "__main__":
    main()
