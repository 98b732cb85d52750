"""Train a stage with several settings, and let its own loss on the validation split choose one. Labels choose nothing.

    python studies/choices.py recipes/pushing.yaml --method keyin --by nats --try discovery.shift=0 --try discovery.shift=-1 \\
        --try "discovery.shift=-1 discovery.price=40" --out artifacts/released/pushing/choices-shift.json

Every setting is trained to the end, phase after phase, on one stage 1; the one whose final validation terms `--by`, added up, are
the smallest is chosen. They must mean the same under all settings: `nats` of KeyIn has the KL at its full weight. A term may have
a weight, `--by sequence --by "0.05*kl"`. What is
finished is not trained again. F1 on the validation split is reported beside the choice, after it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keyin_cli import storage
from keyin_cli.devices import describe, pick_device
from keyin_cli.discovery.evaluate import Evaluation, evaluate
from keyin_cli.errors import InputError, Interrupted, RunError
from keyin_cli.methods import checkpoints, registry
from keyin_cli.methods.method import Method
from keyin_cli.methods.registry import method
from keyin_cli.progress import say, speak
from keyin_cli.recipe import Recipe, digest, load
from keyin_cli.training.pipeline import train


def study(name: str, row: str, criterion: Sequence[str], tried: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Validation terms of a method trained with each of several lists of overrides, and which list is chosen.

    Raises:
        InputError: a setting is none of the recipe, changes stage 1, or does not report a term of the criterion.
    """
    recipe, chosen_of = load(name), method(row)
    terms = [_weighted(each) for each in criterion]
    settings = [_trained(recipe, load(name, overrides), chosen_of, list(overrides), terms) for overrides in tried]
    best = min(settings, key=lambda setting: setting["criterion"])
    for setting in settings:
        setting["validation"] = _scores(Path(setting["run"]), row)
    return {"recipe": recipe.name, "method": row, "by": list(criterion), "chosen": best["set"], "settings": settings}


def _trained(
    recipe: Recipe, changed: Recipe, of: Method, overrides: list[str], criterion: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    stage = of.stage
    assert stage is not None
    if stage.foundation and stage.foundation.part(recipe) != stage.foundation.part(changed):
        raise InputError(f"{' '.join(overrides)}: a setting that changes stage 1 is another recipe")
    run = storage.runs(recipe.name) / "choices" / digest(stage.part(stage.variant(changed)))[:12]
    say(f"{' '.join(overrides) or 'the recipe as it is'}: {run}")
    manifest = train(stage, changed, run, foundation=(recipe, storage.runs(recipe.name)))
    if missing := [term for term, _ in criterion if f"val/{term}" not in manifest["metrics"]]:
        known = ", ".join(term.removeprefix("val/") for term in manifest["metrics"])
        raise InputError(f"--by {missing[0]}: {stage.name} reports {known}")
    metrics = {term.removeprefix("val/"): value for term, value in manifest["metrics"].items()}
    return {
        "set": overrides,
        "criterion": sum(weight * metrics[term] for term, weight in criterion),
        "metrics": metrics,
        "sequences": manifest["sequences"],
        "seconds": manifest["seconds"],
        "run": str(run / stage.name),
    }


def _weighted(given: str) -> tuple[str, float]:
    """`0.05*kl` -> the term and its weight, 1 when none is given.

    Raises:
        InputError: the weight is no finite number.
    """
    weight, star, term = (part.strip() for part in given.rpartition("*"))
    try:
        value = float(weight) if star else 1.0
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"--by {given}: {weight} is no number")
    return term, value


def _scores(run: Path, row: str) -> dict[str, Any]:
    """F1 on the validation split, as it is and aligned."""
    result = evaluate({row: registry.selector(row)}, checkpoints.load(run), Evaluation(split="val"), None, run / "eval_f1")
    (scores,) = result["rows"]
    return {"f1": scores["f1"], "aligned": scores["aligned"], "keyframes_per_sequence": scores["keyframes_per_sequence"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a recipe: a path, or the name of a shipped one")
    parser.add_argument("--method", default="keyin", help="the method that is trained (default: %(default)s)")
    by_help = "a validation term; several are added up"
    parser.add_argument("--by", action="append", required=True, metavar="[WEIGHT*]TERM", help=by_help)
    parser.add_argument(
        "--try", dest="tried", action="append", required=True, metavar="KEY=VALUE ...", help="a setting: overrides of the recipe"
    )
    parser.add_argument("--out", type=Path, required=True, help="a file for the result, JSON")
    given = parser.parse_args()
    speak()
    try:
        result = study(given.recipe, given.method, given.by, [each.split() for each in given.tried])
    except (InputError, RunError, Interrupted) as error:
        say(f"choices: {error}")
        raise SystemExit(2) from None
    for setting in result["settings"]:
        aligned = setting["validation"]["aligned"]
        score = f"F1 {aligned['f1']['0']:.3f} at shift {aligned['shift']:+d}" if aligned else "no labels"
        print(f"{setting['criterion']:10.2f}  {' '.join(setting['set']):50s} {score}")
    print(f"chosen: {' '.join(result['chosen'])}")
    provenance = {**storage.provenance(), "command": " ".join(["python", "studies/choices.py", *sys.argv[1:]])}
    storage.write_json(given.out, result | {"device": describe(pick_device("auto")), **provenance})


if __name__ == "__main__":
    main()
