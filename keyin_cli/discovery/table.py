"""Table 1 of a recipe: trains what is missing, judges the weights in the precision in which they are released, writes it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from keyin_cli import figures, storage
from keyin_cli.colours import Colour
from keyin_cli.datasets import generate, loader
from keyin_cli.datasets.kind import kind_of_dataset
from keyin_cli.datasets.loader import step_rng
from keyin_cli.datasets.sequences import Sequences
from keyin_cli.devices import pick_device
from keyin_cli.discovery.evaluate import KIND, PANELS, RESULT, SEQUENCES, STRIPS, Evaluation, evaluate
from keyin_cli.discovery.publishing import published, train_and_publish
from keyin_cli.discovery.quality import quality
from keyin_cli.discovery.reconstructions import compare, continuations
from keyin_cli.discovery.seeds import over_seeds
from keyin_cli.discovery.selector import Select, Times
from keyin_cli.errors import InputError
from keyin_cli.model.predictor import KeyframeSampler, Predictor
from keyin_cli.model.trained import Checkpoint
from keyin_cli.recipe import Recipe, check
from keyin_cli.registry import resolve
from keyin_cli.training.spec import StageSpec

TABLE = "table.json"
COMPARISON, CURVES, PATHS = "comparison.png", "curves.png", "paths.png"


class Tabled(Protocol):
    """What the table asks of a method, see `methods.method.Method`."""

    @property
    def name(self) -> str: ...
    @property
    def stage(self) -> StageSpec | None: ...
    @property
    def selectors(self) -> Mapping[str, Select]: ...
    @property
    def predicts(self) -> bool: ...
    @property
    def colour(self) -> Colour: ...


@dataclass(frozen=True)
class Settings:
    """How a table is made.

    `seeds`: training seeds, each from stage 1 on: the recipe's own, then 0, 1, 2 … without it; pictures and released weights are
    those of the recipe's.
    `baseline_seeds`: those of all methods but the first, when they are fewer. `sequences`: test sequences whose predictions are
    compared; `samples`: from the prior for each of them.
    """

    seeds: int = 3
    baseline_seeds: int | None = None
    sequences: int = 100
    samples: int = 100


def table(
    recipe: Recipe,
    methods: Sequence[Tabled],
    settings: Settings,
    load: Callable[[Path], Checkpoint],
    out: Path | None = None,
) -> dict[str, Any]:
    """Train, publish and evaluate; what is finished is not done again, but for the evaluation.

    Args:
        methods: those that have rows; the first is trained with all seeds.
        load: the trained models of a directory.
        out: where weights, results and pictures go; by default `table` in the run directory. One that holds a run is refused.

    Returns:
        What `eval-f1` prints; trained rows also with `sequences` seen and `seconds` of their training, and with `seeds`; and
        `quality`. The figures also compare reconstructions, show samples of models that tell their keyframes, and how the stages
        were trained. Where the kind of dataset says where sampled futures lead, `paths` has that, with a picture.

    Raises:
        InputError: the dataset has no labels, `out` holds something else, or a method that `predicts` has no model that does;
            nothing was trained yet.
    """
    out = out or storage.runs(recipe.name) / "table"
    stages = _stages(methods)
    _check_predictors(recipe, methods)
    _check_out(recipe, out, stages)
    dataset = _labelled(recipe)
    with storage.locked(out):
        manifests = train_and_publish(recipe, stages, storage.runs(recipe.name), out)
        selectors = _selectors(methods)
        checkpoint = replace(load(out), shifts={})
        result = evaluate(selectors, checkpoint, Evaluation(seed=recipe.seed), out, out)
        rows = {row["method"]: row for row in result["rows"]}
        shifts = {name: row["aligned"]["shift"] for name, row in rows.items() if row["aligned"]}
        storage.write_json(out / storage.SHIFTS, shifts)
        for method in methods:
            if method.stage:
                for suffix in method.selectors:
                    rows[f"{method.name}{suffix}"] |= _effort(method.stage, manifests)
        for name, detected in _other_seeds(recipe, methods, settings, replace(checkpoint, shifts=shifts), load, out).items():
            rows[name]["seeds"] = over_seeds(detected, _times(out, None, recipe), shifts.get(name, 0))
        device = pick_device(recipe.device)
        models = {method.name: _predictor(checkpoint.to(device), method) for method in methods if method.predicts}
        frames = loader.load_frames(dataset, "test", recipe.window.frames, settings.sequences)
        result["quality"] = [
            quality(name, model, frames, settings.samples, device, recipe.seed) for name, model in models.items()
        ]
        pictures, lines = [out / COMPARISON, out / CURVES], storage.read_lines(out / SEQUENCES)[: len(frames)]
        compare(pictures[0], models, frames[:STRIPS], lines[:STRIPS], device)
        _curves(pictures[1], methods, out)
        for name, model in models.items():
            if isinstance(model, KeyframeSampler):
                pictures.append(out / f"{name}-samples.png")
                rng = step_rng(recipe.seed, len(frames))  # not the numbers of the samples that `quality` draws
                continuations(pictures[-1], model, frames[:PANELS], lines[:PANELS], name, device, rng)
        kind = kind_of_dataset(dataset)
        if kind and kind.continuations:
            pictures.append(out / PATHS)
            result["paths"] = resolve(kind.continuations)(pictures[-1], models, dataset, device, recipe.seed)
        result["figures"] += [str(picture) for picture in pictures]
        storage.write_json(out / TABLE, result)
    return result


def _other_seeds(
    recipe: Recipe,
    methods: Sequence[Tabled],
    settings: Settings,
    first: Checkpoint,
    load: Callable[[Path], Checkpoint],
    out: Path,
) -> dict[str, list[Times]]:
    """Keyframes (n,N) of the test sequences by every training seed, for each row of a trained method; `out` has the first's."""
    trained = [method for method in methods if method.stage]
    found = {row: [_times(out, row, recipe)] for row in _selectors(trained)}
    for more, seed in enumerate(more_seeds(recipe.seed, settings.seeds), 1):
        few = settings.baseline_seeds is not None and more >= settings.baseline_seeds
        some = [method for method in trained if not few or method is methods[0] or len(_stages([method])) == 1]
        run, half = storage.runs(f"{recipe.name}-seed{seed}"), out / f"seed{seed}"
        with storage.locked(half):
            train_and_publish(check(recipe.model_dump(mode="json"), [f"seed={seed}"]), _stages(some), run, half)
            selectors = _selectors(some)
            evaluate(selectors, replace(load(half), shifts=first.shifts), Evaluation(seed=seed), half, half)
        for row in selectors:
            found[row].append(_times(half, row, recipe))
    return found


def more_seeds(first: int, n: int) -> list[int]:
    """The training seeds after the recipe's own, n - 1 of them: 0, 1, 2 … without it."""
    return [seed for seed in range(n) if seed != first][: n - 1]


def _times(folder: Path, row: str | None, recipe: Recipe) -> Times:
    """Keyframes (n,N) of a row from the lines of an evaluation; the true ones without a row."""
    lines = storage.read_lines(folder / SEQUENCES)
    times = np.zeros((len(lines), recipe.window.predicted), dtype=np.bool_)
    for place, line in enumerate(lines):
        times[place, np.array(line["true"] if row is None else line["keyframes"][row], dtype=int) - 1] = True
    return times


def _selectors(methods: Sequence[Tabled]) -> dict[str, Select]:
    return {f"{method.name}{suffix}": make for method in methods for suffix, make in method.selectors.items()}


def _check_out(recipe: Recipe, out: Path, stages: Sequence[StageSpec]) -> None:
    """Refuse a directory that holds something else than a table.

    Raises:
        InputError: it does; full weights would be replaced by halved ones.
    """
    storage.check_free(out, KIND, (TABLE, RESULT, SEQUENCES, storage.SHIFTS, COMPARISON, CURVES, PATHS))
    for stage in stages:
        published(stage, recipe, out)


def _check_predictors(recipe: Recipe, methods: Sequence[Tabled]) -> None:
    """Refuse a method that is to be compared by its predictions and cannot be, from its model as it is before training.

    Raises:
        InputError: there is one.
    """
    for method in methods:
        stage = method.stage
        if method.predicts and not (stage and isinstance(stage.model(stage.variant(recipe)), Predictor)):
            what = "model with `reconstruct` and `sample` (keyin_cli/model/predictor.py)"
            raise InputError(f"method {method.name} says predicts=True and trains no {what}: mend or uninstall its package")


def _labelled(recipe: Recipe) -> Sequences:
    """The dataset of a recipe, made when it is missing and can be.

    Raises:
        InputError: it has no labels.
    """
    dataset = generate.ensure(recipe.data)
    if not dataset.labelled:
        raise InputError(f"{dataset.path} has no labels to score against: use `keyin train` and `keyin eval-f1`, which need none")
    if recipe.data.frame.signals:
        raise InputError("a table compares drawn images, this recipe sees signals: use `keyin train` and `keyin eval-f1`")
    return dataset


def _stages(methods: Sequence[Tabled]) -> list[StageSpec]:
    """What is trained for methods: stage 1 first, then each in order."""
    wanted = [method.stage for method in methods if method.stage]
    below = [stage.foundation for stage in wanted if stage.foundation]
    return list({stage.name: stage for stage in [*below, *wanted]}.values())


def _effort(stage: StageSpec, manifests: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Sequences that a stage saw on top of stage 1 (None: trained before that was written down), and how long it and what it
    stands on were trained and prepared."""
    manifest, below = manifests[stage.name], stage.foundation
    seconds = manifest["seconds"] + manifest.get("preparation_seconds", 0.0)
    if below is None:
        return {"sequences": 0, "seconds": round(seconds, 1)}
    return {"sequences": manifest.get("sequences"), "seconds": round(seconds + _effort(below, manifests)["seconds"], 1)}


def _predictor(checkpoint: Checkpoint, method: Tabled) -> Predictor:
    """The model of a method that predicts frames of its own."""
    assert method.stage is not None
    model = checkpoint.models[method.stage.name]
    assert isinstance(model, Predictor)
    return model


def _curves(path: Path, methods: Sequence[Tabled], out: Path) -> None:
    """How stage 1 and what stands on it were trained."""
    rows = {stage.name: storage.read_metrics(out / stage.name) for stage in _stages(methods)}
    above = {method.name: method for method in methods if method.stage and method.stage.foundation}
    below = next(iter(rows.values()))
    metrics = {name: rows[method.stage.name] for name, method in above.items() if method.stage}
    figures.curves(path, below, metrics, {name: method.colour for name, method in above.items()})
