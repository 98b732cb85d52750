"""What `pretrain-interp` and `train` have in common."""

from __future__ import annotations

from pathlib import Path

from keyin_cli.commands.common import bytes_text, emit, seconds_text

NEXT = {
    "interpolator": "keyin eval-f1 --ckpt {run} --selector search",
    "tap": "keyin plan --ckpt {run} --method tap",
}
EVALUATE = "keyin eval-f1 --ckpt {run}"


def run_stage(
    stage: str,
    name: str,
    overrides: list[str],
    seed: int | None,
    out: Path | None,
    overwrite: bool,
    tensorboard: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Load the recipe, train the stage, print the result."""
    from keyin_cli import recipe, storage

    settings = recipe.load(name, [*overrides, *([] if seed is None else [f"seed={seed}"])])
    if dry_run:
        from keyin_cli.training.estimate import estimate

        plan = estimate(settings, stage)
        lines = [recipe.to_yaml(settings), *(f"{key}: {shape}" for key, shape in plan["shapes"].items())]
        total = f"{plan['parameters']:,} parameters, {plan['steps']:,} steps at {plan['steps_per_second']:.1f}/s"
        emit(plan, as_json, [*lines, f"{total}: about {seconds_text(plan['seconds'])}, {bytes_text(plan['bytes'])} on disk"])
        return
    from keyin_cli.training import pipeline

    run = out or storage.runs(settings.name)
    manifest = pipeline.train(stage, settings, run, overwrite, tensorboard)
    result = {
        "path": str(run / stage),
        "steps": manifest["steps"],
        "seconds": manifest["seconds"],
        "steps_per_second": round(manifest["steps"] / max(manifest["seconds"], 1e-9), 2),
        "weights_sha256": manifest["weights_sha256"],
        "metrics": manifest["metrics"],
    }
    metrics = ", ".join(f"{key.removeprefix('val/')} {value:.3f}" for key, value in result["metrics"].items())
    lines = [
        f"{result['path']}: {result['steps']:,} steps in {seconds_text(result['seconds'])}, {result['steps_per_second']} steps/s",
        f"validation: {metrics}",
        f"weights {result['weights_sha256'][:16]}; next: {NEXT.get(stage, EVALUATE).format(run=run)}",
    ]
    emit(result, as_json, lines)
