"""What the commands that train a stage have in common: their options, and what they do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from keyin_cli.commands.common import (
    Dask,
    DryRun,
    Json,
    NoWait,
    Out,
    Overwrite,
    RecipeArgument,
    Seed,
    Set,
    Tensorboard,
    Workers,
    emit,
    seconds_text,
)
from keyin_cli.machine import sized


@dataclass(frozen=True)
class Options:
    """The options of every command that trains, as Typer reads them."""

    recipe: RecipeArgument
    overrides: Set
    seed: Seed = None
    out: Out = None
    overwrite: Overwrite = False
    no_wait: NoWait = False
    tensorboard: Tensorboard = False
    workers: Workers = None
    dask: Dask = None
    dry_run: DryRun = False
    as_json: Json = False


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command whose last parameter is `options: Options` all of them as parameters of its own, for Typer to see."""

    def run(**given: Any) -> None:
        options = Options(**{field.name: given.pop(field.name) for field in fields(Options)})
        command(**given, options=options)

    kinds = get_type_hints(Options, include_extras=True)
    shared: dict[str, Any] = {
        "recipe": inspect.Parameter.empty,
        "overrides": [],
        **{field.name: field.default for field in fields(Options) if field.name not in ("recipe", "overrides")},
    }
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [each for each in inspect.signature(command, eval_str=True).parameters.values() if each.name != "options"]
    parameters = [
        *(each.replace(kind=keyword) for each in own),
        *(inspect.Parameter(name, keyword, default=default, annotation=kinds[name]) for name, default in shared.items()),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__doc__ = command.__doc__
    return run


def train(stage: str, options: Options) -> None:
    """Load the recipe, train the stage, print the result."""
    from keyin_cli import recipe, storage
    from keyin_cli.methods import registry

    spec = registry.stage(stage)
    settings = recipe.load(options.recipe, [*options.overrides, *([] if options.seed is None else [f"seed={options.seed}"])])
    if options.dry_run:
        from keyin_cli.training.estimate import estimate

        plan = estimate(settings, spec)
        lines = [recipe.to_yaml(spec.variant(settings)), *(f"{key}: {shape}" for key, shape in plan["shapes"].items())]
        total = f"{plan['parameters']:,} parameters, {plan['steps']:,} steps at {plan['steps_per_second']:.1f}/s"
        cost = f"about {seconds_text(plan['seconds'])}, {sized(plan['memory'])} of memory, {sized(plan['bytes'])} on disk"
        emit(plan, options.as_json, [*lines, f"{total}: {cost}"])
        return
    from keyin_cli.training import pipeline

    run = options.out or storage.runs(settings.name)
    with storage.waiting(not options.no_wait):
        manifest = pipeline.train(
            spec, settings, run, options.overwrite, options.tensorboard, workers=options.workers, dask=options.dask
        )
    result = _result(run / stage, manifest)
    metrics = ", ".join(f"{key.removeprefix('val/')} {value:.3f}" for key, value in result["metrics"].items())
    lines = [
        f"{result['path']}: {result['steps']:,} steps in {seconds_text(result['seconds'])}, {result['steps_per_second']} steps/s",
        f"validation: {metrics}",
        f"weights {result['weights_sha256'][:16]}; next: {spec.then.format(run=run)}",
    ]
    emit(result, options.as_json, lines)


def _result(path: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """What the command prints as JSON."""
    return {
        "path": str(path),
        "steps": manifest["steps"],
        "seconds": manifest["seconds"],
        "steps_per_second": round(manifest["steps"] / max(manifest["seconds"], 1e-9), 2),
        "weights_sha256": manifest["weights_sha256"],
        "metrics": manifest["metrics"],
    }
